/** Who sits before this tab: each tab is somebody else, and stays so when it is loaded again. */

const ADJECTIVES = ["Brave", "Calm", "Clever", "Gentle", "Happy", "Merry", "Quiet", "Swift"];
const ANIMALS = ["Badger", "Crane", "Fox", "Heron", "Lynx", "Otter", "Owl", "Robin"];

const oneOf = (words: readonly string[]): string =>
  words[Math.floor(Math.random() * words.length)] as string;

/** What `name` had in this tab before, or else what `make` gives. */
function kept(name: string, make: () => string): string {
  const value = sessionStorage.getItem(name) ?? make();
  sessionStorage.setItem(name, value);
  return value;
}

/** Tells this tab's messages from those of others, who may have the same name. */
export const author = kept("author", () => crypto.randomUUID());

export function savedName(): string {
  return kept("name", () => `${oneOf(ADJECTIVES)} ${oneOf(ANIMALS)}`);
}

export function saveName(name: string): void {
  sessionStorage.setItem("name", name);
}
