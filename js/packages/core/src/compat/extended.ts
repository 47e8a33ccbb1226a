/** `Base` with other methods in place of some of its own. */
export type Extended<Base, Own> = Omit<Base, keyof Own> & Own;

/** An object that does what `own` does, and all else as `base`. */
export function extended<Base extends object, Own extends object>(
  base: Base,
  own: Own,
): Extended<Base, Own> {
  const get = (_: object, name: string | symbol): unknown => {
    if (Object.hasOwn(own, name)) {
      return Reflect.get(own, name);
    }
    const member: unknown = Reflect.get(base, name);
    return typeof member === "function" ? member.bind(base) : member;
  };
  return new Proxy(base, { get }) as unknown as Extended<Base, Own>;
}
