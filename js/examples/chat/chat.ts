/** A chat over one stream. `room.ts` has what talks to Flo; the rest is an ordinary page. */

import { FloClient } from "@floruntime/web";

import { showAccent, showCommand, startTheme } from "./looks.js";
import { savedName, saveName } from "./names.js";
import { follow, say } from "./room.js";
import { endpoint, NAMESPACE, token } from "./settings.js";
import { element, MessageList, Status } from "./view.js";

const PATIENCE_MS = 120_000; // a line waits this long for a server that is away

const client = new FloClient(endpoint, {
  namespace: NAMESPACE,
  timeoutMs: PATIENCE_MS,
  ...(token === undefined ? {} : { token }),
});
const messages = new MessageList();
const status = new Status();
const nameField = element("name", HTMLInputElement);
const lineField = element("line", HTMLInputElement);

async function send(id: string, name: string, text: string): Promise<void> {
  try {
    await say(client, id, name, text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    messages.fail(id, why, () => void send(id, name, text));
  }
}

element("composer", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const text = lineField.value.trim();
  if (text === "") {
    return;
  }
  const id = crypto.randomUUID();
  const name = nameField.value.trim();
  messages.addPending({ id, name, text, isOwn: true, at: new Date() });
  lineField.value = "";
  lineField.focus();
  void send(id, name, text);
});

nameField.value = savedName();
nameField.addEventListener("change", () => saveName(nameField.value.trim()));
startTheme();
showAccent(null);
showCommand();

await follow(client, {
  onMessage: (message) => messages.add(message),
  onConnected: (isConnected) => status.show(isConnected),
  onRefused: (why) => {
    status.refused(why);
    void client.close();
  },
  onAccent: showAccent,
});
