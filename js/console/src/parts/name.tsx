/** A name that a person chose: shown as it is, and unable to move what stands beside it. */

import { shown } from "../format.js";

export function Name({ text }: { text: string }) {
  return <bdi class="name">{shown(text)}</bdi>;
}
