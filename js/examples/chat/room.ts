/** The chat without its looks: one stream, and one key that is read again and again. */

import {
  ConnectionFailedError,
  type FloClient,
  FloError,
  type StreamRecord,
} from "@floruntime/web";

import { author } from "./names.js";
import { room } from "./settings.js";

const FLAG = "flag:accent";
const FLAG_EVERY_MS = 1_000;
const LOOK_EVERY_MS = 200;
const RETRY_MS = 1_000;

export interface Message {
  /** Given by its sender, so that a line sent twice is shown once. */
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly isOwn: boolean;
  readonly at: Date;
}

/** Who is told what happens. */
export interface Listener {
  onMessage(message: Message): void;
  onConnected(isConnected: boolean): void;
  /** The server refuses this page, for good. */
  onRefused(why: string): void;
  onAccent(accent: string | null): void;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const decoder = new TextDecoder();

function messageOf(record: StreamRecord): Message {
  const { id, name, author: from } = record.headers;
  return {
    id: id ?? `${record.id}`,
    name: name ?? "somebody",
    text: decoder.decode(record.payload),
    isOwn: from === author,
    at: new Date(Number(record.timestampMs)),
  };
}

/** Whether it is worth trying again; the client itself reconnects once it has been connected. */
const isPassing = (error: unknown): boolean => error instanceof ConnectionFailedError;

/** Append one line. It waits for a connection, and resolves when the line is on the server's disk. */
export async function say(client: FloClient, id: string, name: string, text: string) {
  await client.streams.append(room, text, { headers: { id, name, author } });
}

/** Tell `listener` everything from now on, and what was said before. Resolves when it ended. */
export async function follow(client: FloClient, listener: Listener): Promise<void> {
  const looking = setInterval(() => listener.onConnected(client.isConnected), LOOK_EVERY_MS);
  try {
    await connected(client);
    void followFlag(client, listener);
    for await (const record of client.streams.follow(room, { start: "0" })) {
      listener.onMessage(messageOf(record));
    }
  } catch (error) {
    clearInterval(looking);
    listener.onRefused(error instanceof Error ? error.message : String(error));
  }
}

async function connected(client: FloClient): Promise<void> {
  for (;;) {
    try {
      await client.connect();
      return;
    } catch (error) {
      if (!isPassing(error)) {
        throw error;
      }
      await sleep(RETRY_MS);
    }
  }
}

async function followFlag(client: FloClient, listener: Listener): Promise<void> {
  for (;;) {
    try {
      const value = await client.kv.get(FLAG);
      listener.onAccent(value && decoder.decode(value).trim());
    } catch (error) {
      if (!(error instanceof FloError)) {
        throw error;
      } // the connection is shown already, and the next second brings the next attempt
    }
    await sleep(FLAG_EVERY_MS);
  }
}
