/**
 * The three functions of the Reflect metadata proposal that @peculiar/x509's container asks for when it is loaded;
 * it leaves them to its user. Whoever has brought the real thing keeps it. Import this before @peculiar/x509.
 */
if (!('getMetadata' in Reflect)) {
  const stored = new WeakMap<object, Map<unknown, unknown>>();
  const getOwnMetadata = (key: unknown, target: object): unknown => stored.get(target)?.get(key);
  Object.assign(Reflect, {
    getOwnMetadata,
    getMetadata(key: unknown, target: object): unknown {
      for (let at: object | null = target; at !== null; at = Reflect.getPrototypeOf(at)) {
        if (stored.get(at)?.has(key) === true) return getOwnMetadata(key, at);
      }
      return undefined;
    },
    defineMetadata(key: unknown, value: unknown, target: object): void {
      const entries = stored.get(target) ?? new Map<unknown, unknown>();
      entries.set(key, value);
      stored.set(target, entries);
    },
  });
}
