/** Parts of one screen, as links: the address says which is open. */

import { useFlo } from "../flo.js";
import { linkTo } from "../route.js";

export interface TabsProps {
  readonly screen: string;
  /** Name in the address (empty: the first part), and what is shown. */
  readonly tabs: readonly (readonly [string, string])[];
}

export function Tabs({ screen, tabs }: TabsProps) {
  const { route } = useFlo();
  const open = tabs.some(([name]) => name === route.path[0]) ? route.path[0] : "";
  return (
    <div class="tabs">
      {tabs.map(([name, text]) => (
        <a
          key={name}
          href={linkTo(route, screen, name === "" ? [] : [name])}
          aria-current={open === name ? "true" : undefined}
        >
          {text}
        </a>
      ))}
    </div>
  );
}
