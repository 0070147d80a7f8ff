/**
 * The part of the metadata reflection proposal (rbuckton/reflect-metadata) that the X.509 library's container asks
 * for at load: metadata of classes by key, inherited along the prototype chain. It brings no polyfill of its own.
 */
type Key = string | symbol;

const metadata = new WeakMap<object, Map<Key, unknown>>();

function getOwnMetadata(key: Key, target: object): unknown {
  return metadata.get(target)?.get(key);
}

function getMetadata(key: Key, target: object): unknown {
  for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at)) {
    if (metadata.get(at)?.has(key)) return getOwnMetadata(key, at);
  }
  return undefined;
}

function defineMetadata(key: Key, value: unknown, target: object): void {
  const own = metadata.get(target) ?? new Map<Key, unknown>();
  metadata.set(target, own.set(key, value));
}

/** What compiled decorators call: on classes; members carry nothing that is asked for here. */
function classMetadata(key: Key, value: unknown) {
  return (target: object, member?: Key): void => {
    if (member === undefined) defineMetadata(key, value, target);
  };
}

if (!('getMetadata' in Reflect)) {
  Object.assign(Reflect, { getOwnMetadata, getMetadata, defineMetadata, metadata: classMetadata });
}
