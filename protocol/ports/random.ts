/**
 * The randomness port. `seededRandom(seed, stream)` gives one reproducible stream per device or purpose:
 * adding a device does not shift the numbers of the others. Generator: sfc32, seeded by FNV-1a over the names.
 */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [low, high], both included. */
  integer(low: number, high: number): number;
  /** Normal distribution. */
  gaussian(mean: number, standardDeviation: number): number;
  /** One of the items; the list must not be empty. */
  pick<T>(items: readonly T[]): T;
}

export function seededRandom(seed: number | string, stream: string): Random {
  const name = `${seed}/${stream}`;
  let a = fnv1a(`a:${name}`);
  let b = fnv1a(`b:${name}`);
  let c = fnv1a(`c:${name}`);
  let counter = 1;
  const next32 = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 15; i++) next32();
  const next = () => next32() / 4_294_967_296;
  return {
    next,
    integer: (low, high) => low + Math.floor(next() * (high - low + 1)),
    gaussian(mean, standardDeviation) {
      const radius = Math.sqrt(-2 * Math.log(1 - next()));
      return mean + standardDeviation * radius * Math.cos(2 * Math.PI * next());
    },
    pick(items) {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new RangeError('pick from an empty list');
      return item;
    },
  };
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}
