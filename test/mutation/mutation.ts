/**
 * What a mutation is: a promise of the product, a way to break it in the source, and the test that must then go red.
 * Source texts are matched exactly and must be found exactly once, so that the list cannot rot without anybody
 * noticing: a line that was rewritten makes its mutation fail, it is never passed over.
 */
export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export interface Mutation {
  readonly name: string;
  /** The promise that it breaks, as a sentence about the product. */
  readonly breaks: string;
  readonly edits: readonly Edit[];
  /** Test file that must go red. */
  readonly judge: string;
  /** A real engine that the test needs: the address of a PostgreSQL server in DATABASE_URL, or nats-server installed. */
  readonly needs?: 'DATABASE_URL' | 'nats-server';
}

/** The mutated text; throws when the source does not hold the text exactly once. */
export function applyEdit(source: string, { file, from, to }: Edit): string {
  const times = source.split(from).length - 1;
  if (times !== 1) {
    const advice = 'bring the mutation up to date with the source';
    throw new Error(`${file} holds ${times === 0 ? 'no' : String(times)} "${firstLine(from)}": ${advice}`);
  }
  return source.replace(from, () => to);
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0] ?? '';
}
