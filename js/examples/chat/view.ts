/** What is seen. Texts of others become text nodes only, never markup. */

import type { Message } from "./room.js";

const MESSAGES_MAX = 500; // shown; the stream keeps more
const NEAR_THE_END_PX = 80;
const AVATAR_HUES = 360;
const SENDING = "sending…";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** The element with `id`, which is of `kind`. */
export function element<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) {
    throw new Error(`the page has no ${kind.name} with the id ${id}`);
  }
  return found;
}

function make(tag: string, className: string, text = ""): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

const initials = (name: string): string =>
  name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => [...word][0]?.toUpperCase() ?? "")
    .join("");

/** The same name has the same colour in every tab. */
function hue(name: string): number {
  let sum = 0;
  for (const letter of name) {
    sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % AVATAR_HUES;
  }
  return sum;
}

/** Say below `item` how it stands. */
function tell(item: HTMLElement, state: string, ...parts: (string | Node)[]): void {
  item.dataset["state"] = state;
  item.querySelector(".meta")?.replaceChildren(...parts);
}

/** The list of messages; those on their way to the server stand below all others. */
export class MessageList {
  readonly #log = element("log", HTMLDivElement);
  readonly #list = element("messages", HTMLOListElement);
  readonly #empty = element("empty", HTMLParagraphElement);
  readonly #items = new Map<string, HTMLElement>();
  readonly #pending = new Set<string>();
  #isAtTheEnd = true;

  /** Whoever reads the end goes on reading the end, also when its room gets smaller. */
  constructor() {
    this.#log.addEventListener("scroll", () => {
      const { scrollHeight, scrollTop, clientHeight } = this.#log;
      this.#isAtTheEnd = scrollHeight - scrollTop - clientHeight < NEAR_THE_END_PX;
    });
    new ResizeObserver(() => this.#keepToTheEnd()).observe(this.#log);
  }

  #keepToTheEnd(): void {
    if (this.#isAtTheEnd) {
      this.#log.scrollTop = this.#log.scrollHeight;
    }
  }

  /** Show a message that is not sent yet. */
  addPending(message: Message): void {
    this.#pending.add(message.id);
    const item = this.#made(message);
    tell(item, "pending", SENDING);
    this.#list.append(item);
    this.#isAtTheEnd = true;
    this.#keepToTheEnd();
  }

  /** Show a record. One that was shown already only says that it has arrived. */
  add(message: Message): void {
    const known = this.#items.get(message.id);
    if (known !== undefined && !this.#pending.delete(message.id)) {
      return;
    }
    const item = known ?? this.#made(message);
    tell(item, "there", clock.format(message.at));
    const [firstPending = ""] = this.#pending;
    const next = this.#items.get(firstPending) ?? null;
    if (!item.isConnected || item.nextElementSibling !== next) {
      this.#list.insertBefore(item, next);
    }
    this.#forgetOldest();
    this.#keepToTheEnd();
  }

  /** Say that a pending message was not sent, and let it be sent again. */
  fail(id: string, why: string, again: () => void): void {
    const item = this.#items.get(id);
    if (item === undefined || !this.#pending.has(id)) {
      return; // it has arrived after all
    }
    const button = make("button", "again", "Send again");
    button.addEventListener("click", () => {
      tell(item, "pending", SENDING);
      again();
    });
    tell(item, "failed", `not sent: ${why} `, button);
  }

  #made(message: Message): HTMLElement {
    const item = make("li", message.isOwn ? "message own" : "message");
    const avatar = make("span", "avatar", initials(message.name));
    avatar.style.setProperty("--hue", `${hue(message.name)}`);
    avatar.setAttribute("aria-hidden", "true");
    const body = make("div", "body");
    const who = make("p", message.isOwn ? "who unseen" : "who", message.name);
    body.append(who, make("p", "text", message.text), make("p", "meta"));
    item.append(avatar, body);
    this.#items.set(message.id, item);
    this.#empty.hidden = true;
    return item;
  }

  #forgetOldest(): void {
    if (this.#list.childElementCount > MESSAGES_MAX) {
      this.#list.firstElementChild?.remove(); // its id stays known: it must not come twice
    }
  }
}

/** The pill in the header, and the notice above the composer. */
export class Status {
  readonly #pill = element("status", HTMLParagraphElement);
  readonly #notice = element("notice", HTMLParagraphElement);
  #wasConnected = false;

  show(isConnected: boolean): void {
    this.#wasConnected ||= isConnected;
    const lost = this.#wasConnected ? "reconnecting" : "connecting";
    this.#set(isConnected ? "connected" : lost, isConnected ? "connected" : `${lost}…`);
    this.#notice.hidden = isConnected;
  }

  refused(why: string): void {
    this.#set("refused", "refused");
    this.#notice.textContent = why;
    this.#notice.hidden = false;
  }

  #set(state: string, text: string): void {
    if (this.#pill.dataset["state"] !== state || this.#pill.textContent !== text) {
      this.#pill.dataset["state"] = state;
      this.#pill.textContent = text;
    }
  }
}
