/** Tokens: made (shown once), listed, revoked. */

import type { NewToken } from "@floruntime/core";
import { useState } from "preact/hooks";
import { asPage, useFlo } from "../flo.js";
import { shown } from "../format.js";
import { usePages } from "../live.js";
import { Badge } from "../parts/badge.js";
import { Dialog } from "../parts/dialog.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { useAct } from "../parts/notices.js";
import { Table } from "../parts/table.js";

const PAGE_ROWS = 200;
const DAY_MS = 86_400_000;
const ROLES = ["web", "worker", "backend", "admin"];

export function Tokens() {
  const { client } = useFlo();
  const act = useAct();
  const [isMaking, setMaking] = useState(false);
  const [made, setMade] = useState<NewToken | null>(null);
  const tokens = usePages(
    async (cursor) => asPage(await client.tokens.list({ limit: PAGE_ROWS, cursor })),
    [client],
  );
  const revoke = async (id: string) => {
    if (await act(`${id} was revoked`, () => client.tokens.revoke(id))) {
      tokens.reload();
    }
  };
  return (
    <>
      <div class="bar">
        <button type="button" class="primary" onClick={() => setMaking(true)}>
          New token
        </button>
      </div>
      {made === null ? null : <Made made={made} onClose={() => setMade(null)} />}
      {isMaking ? (
        <Make
          isFirst={tokens.items.length === 0}
          onClose={() => setMaking(false)}
          onMade={(token) => {
            setMaking(false);
            setMade(token);
            tokens.reload();
          }}
        />
      ) : null}
      <Table
        label="tokens"
        items={tokens.items}
        keyOf={({ id }) => id}
        isLoading={tokens.isLoading}
        error={tokens.error}
        onEnd={tokens.more}
        empty="No tokens. Anyone who can connect to the server has all rights."
        columns={[
          { title: "id", cell: ({ id }) => <Name text={id} /> },
          { title: "role", cell: ({ role }) => role, isExtra: true, width: "6rem" },
          {
            title: "namespaces",
            cell: ({ namespaces }) => namespaces.join(", ") || "all",
            isExtra: true,
          },
          {
            title: "scopes",
            cell: ({ scopes }) => <code>{scopes.map(shown).join(" ") || "all"}</code>,
            isExtra: true,
          },
          { title: "about", cell: ({ description }) => shown(description ?? ""), isExtra: true },
          {
            title: "expires",
            cell: ({ expiresAtMs }) => <Moment ms={expiresAtMs} />,
            isExtra: true,
          },
          {
            title: "state",
            width: "7rem",
            cell: ({ revokedAtMs }) => (
              <Badge state={revokedAtMs === null ? "enabled" : "revoked"} />
            ),
          },
          {
            title: "",
            width: "6rem",
            cell: ({ id, revokedAtMs }) =>
              revokedAtMs === null ? (
                <button type="button" class="plain" onClick={() => void revoke(id)}>
                  revoke
                </button>
              ) : null,
          },
        ]}
      />
    </>
  );
}

function Made({ made, onClose }: { made: NewToken; onClose: () => void }) {
  return (
    <section class="card" role="status">
      <p>
        Copy the token now; it is not shown again: <code class="secret">{made.token}</code>
      </p>
      <div class="row">
        <button type="button" onClick={() => void navigator.clipboard?.writeText(made.token)}>
          Copy
        </button>
        <button type="button" class="plain" onClick={onClose}>
          Done
        </button>
      </div>
    </section>
  );
}

interface MakeProps {
  /** The first token turns tokens on. */
  readonly isFirst: boolean;
  readonly onClose: () => void;
  readonly onMade: (token: NewToken) => void;
}

function Make({ isFirst, onClose, onMade }: MakeProps) {
  const { client } = useFlo();
  const act = useAct();
  const make = async (form: FormData) => {
    const field = (name: string) => String(form.get(name) ?? "").trim();
    const listed = (name: string) =>
      field(name)
        .split(/[\s,]+/)
        .filter(Boolean);
    const days = Number(field("days"));
    await act("the token was created", async () => {
      const token = await client.tokens.create(field("role") as "admin", {
        namespaces: listed("namespaces"),
        scopes: listed("scopes"),
        ...(days > 0 ? { lifetimeMs: Math.round(days * DAY_MS) } : {}),
        ...(field("description") === "" ? {} : { description: field("description") }),
      });
      onMade(token);
    });
  };
  return (
    <Dialog title="New token" confirm="Create" onConfirm={make} onClose={onClose}>
      {isFirst ? (
        <p class="trouble">
          The first token turns tokens on: from then on the server refuses connections without one.
        </p>
      ) : null}
      <label>
        Role
        <select name="role">
          {ROLES.map((role) => (
            <option key={role} value={role} selected={role === (isFirst ? "admin" : "backend")}>
              {role}
            </option>
          ))}
        </select>
      </label>
      <label>
        Namespaces (empty: all)
        <input name="namespaces" />
      </label>
      <label>
        Scopes (empty: all that the role may do)
        <input name="scopes" placeholder="read:kv:flag:* append:stream:chat" />
      </label>
      <label>
        Expires after days (empty: never)
        <input name="days" type="number" min={0} step="any" />
      </label>
      <label>
        Description
        <input name="description" />
      </label>
    </Dialog>
  );
}
