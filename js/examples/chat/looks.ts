/** Light or dark, as this person likes it; the accent, as the feature flag says. */

import { NAMESPACE, server } from "./settings.js";
import { element } from "./view.js";

const ACCENTS = ["violet", "teal", "rose", "amber", "blue"];

/** A button that goes to and fro; until it is used, the system's choice holds. */
export function startTheme(): void {
  const root = document.documentElement;
  const button = element("theme", HTMLButtonElement);
  const system = matchMedia("(prefers-color-scheme: dark)");
  const show = () => {
    const chosen = localStorage.getItem("theme");
    const isDark = chosen === null ? system.matches : chosen === "dark";
    root.dataset["theme"] = isDark ? "dark" : "light";
    button.setAttribute("aria-pressed", `${isDark}`);
  };
  button.addEventListener("click", () => {
    localStorage.setItem("theme", root.dataset["theme"] === "dark" ? "light" : "dark");
    show();
  });
  system.addEventListener("change", show);
  addEventListener("storage", show); // the other tabs
  show();
}

/** Show what the flag says; a value that is no accent leaves the first one. */
export function showAccent(accent: string | null): void {
  const known = accent !== null && ACCENTS.includes(accent);
  document.documentElement.dataset["accent"] = known ? accent : (ACCENTS[0] as string);
  const told = element("accent", HTMLElement);
  told.textContent = known ? accent : accent === null ? "not set" : `“${accent}”, unknown`;
}

/** Tell how the flag is changed. */
export function showCommand(): void {
  element("choices", HTMLSpanElement).textContent = ACCENTS.join(", ");
  element("command", HTMLElement).textContent =
    `.venv/bin/flo --host ${server} -n ${NAMESPACE} kv put flag:accent teal`;
}
