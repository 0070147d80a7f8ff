/**
 * Options that come from files and may change while the gateway runs (a renewed token, key, certificate): the uplinks
 * read their options at each dial, so a property that reads its file is all it takes. A file that cannot be read or
 * used just then leaves what was last good.
 */
export function keepFresh<Options extends object, Key extends keyof Options>(
  options: Options,
  key: Key,
  read: () => Options[Key],
): Options {
  let lastGood = options[key];
  return Object.defineProperty(options, key, {
    enumerable: true,
    get() {
      try {
        lastGood = read();
      } catch {
        // Being replaced, or half-replaced: the next dial reads it again.
      }
      return lastGood;
    },
  });
}
