/** What whoever is logged in may do, as the server judges it: by role, and by scopes where there are some. */

const ROLES = ["web", "worker", "backend", "admin"] as const;

export type RoleName = (typeof ROLES)[number];

export interface Rights {
  readonly role: RoleName;
  /** `null`: all that the role may do. */
  readonly scopes: readonly string[] | null;
}

/** What something needs: a role, and a scope of `ACTION:PRIMITIVE:NAME` where a token has scopes. */
export interface Needs {
  readonly role: RoleName;
  /** Left out: a token without scopes. `read:queue:*` asks whether there is any such scope. */
  readonly scope?: string | undefined;
}

export function mayDo(rights: Rights | null, { role, scope }: Needs): boolean {
  if (rights === null || ROLES.indexOf(rights.role) < ROLES.indexOf(role)) {
    return false;
  }
  if (rights.scopes === null) {
    return true;
  }
  return scope !== undefined && rights.scopes.some((granted) => covers(granted, scope));
}

/** Names that scopes of this action and primitive grant, as they stand there: `users/*`. */
export function grantedNames(rights: Rights | null, action: string, primitive: string): string[] {
  const own = rights?.scopes ?? [];
  return own.flatMap((scope) => {
    const [does, of, name] = parts(scope);
    return does === action && of === primitive ? [name] : [];
  });
}

function covers(granted: string, wanted: string): boolean {
  const [action, primitive, name] = parts(granted);
  const [wantedAction, wantedPrimitive, wantedName] = parts(wanted);
  if (primitive !== wantedPrimitive || !includes(action, wantedAction)) {
    return false;
  }
  if (wantedName === "*") {
    return true;
  }
  return name.endsWith("*") ? wantedName.startsWith(name.slice(0, -1)) : name === wantedName;
}

function includes(action: string, wanted: string): boolean {
  return action === wanted || (action === "write" && wanted === "append");
}

/** The name is all that follows the second colon. */
function parts(scope: string): [string, string, string] {
  const [action = "", primitive = "", ...name] = scope.split(":");
  return [action, primitive, name.join(":")];
}
