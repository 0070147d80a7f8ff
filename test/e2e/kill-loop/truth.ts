/**
 * What the ledger must hold after the kills, and what it does hold. Read from the gateways' promise files and the
 * events table alone: nothing of the code between them is asked.
 */
import { existsSync, readFileSync } from 'node:fs';

/** One row of the events table. */
export interface KillLoopRow {
  readonly gateway: string;
  readonly epoch: string;
  readonly lane: string;
  readonly seq: number;
  /** Of the entry, where the event has it; gap and clock events have none. */
  readonly number: number | null;
}

export interface KillLoopFindings {
  /** Entries that a journal has promised to keep. */
  readonly promised: number;
  /** Events in the ledger. */
  readonly events: number;
  /** Promised and not in the ledger. */
  readonly lost: readonly string[];
  /** In the ledger more than once. */
  readonly doubled: readonly string[];
  /** In one lane of the ledger and missing in another that the entry wrote to. */
  readonly torn: readonly string[];
  /** Seqs that no row of the lane has. */
  readonly holes: readonly string[];
  /** Rows of a lane whose seqs and numbers are not in the same order. */
  readonly disordered: readonly string[];
  /** Journals that began a second epoch: a kill must never cost a salvage. */
  readonly newEpochs: readonly string[];
}

/** A number counts only with its line end: the last one may have been cut by a kill. */
export function readPromises(file: string): number[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.slice(0, -1).map(Number);
}

export function compare(
  promises: ReadonlyMap<string, readonly number[]>,
  rows: readonly KillLoopRow[],
  healthEach: number,
): KillLoopFindings {
  const counts = new Map<string, number>();
  for (const { gateway, lane, number } of rows) {
    if (number === null) continue;
    const name = `${gateway}/${lane}/${number}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const promised = [...promises].flatMap(([gateway, numbers]) => numbers.map((n) => `${gateway}/stock/${n}`));
  const written = rows.filter((row) => row.lane === 'stock' || row.lane === 'condition');
  const torn = written.flatMap(({ gateway, lane, number }) => {
    if (number === null) return [];
    const lanes = number % healthEach === 0 ? ['stock', 'condition', 'health'] : ['stock', 'condition'];
    const missing = lanes.filter((other) => other !== lane && !counts.has(`${gateway}/${other}/${number}`));
    return missing.map((other) => `${gateway}/${other}/${number}`);
  });
  const lanes = Map.groupBy(rows, ({ gateway, epoch, lane }) => `${gateway}/${epoch}/${lane}`);
  const holes: string[] = [];
  const disordered: string[] = [];
  for (const [lane, ofLane] of lanes) {
    const sorted = ofLane.toSorted((a, b) => a.seq - b.seq);
    let last = 0;
    let lastNumber = 0;
    for (const { seq, number } of sorted) {
      if (seq !== last + 1) holes.push(`${lane}/${last + 1}..${seq - 1}`);
      last = seq;
      if (number === null) continue;
      if (number <= lastNumber) disordered.push(`${lane}/${seq}`);
      lastNumber = number;
    }
  }
  const epochs = Map.groupBy(lanes.keys(), (lane) => lane.split('/')[0] ?? '');
  return {
    promised: promised.length,
    events: rows.length,
    lost: promised.filter((name) => !counts.has(name)),
    doubled: [...counts].filter(([, count]) => count > 1).map(([name]) => name),
    torn: [...new Set(torn)],
    holes,
    disordered,
    newEpochs: [...epochs]
      .filter(([, names]) => new Set(names.map((name) => name.split('/')[1])).size > 1)
      .map(([gateway]) => gateway),
  };
}

export function isSound(findings: KillLoopFindings): boolean {
  return Object.values(findings).every((finding) => typeof finding === 'number' || finding.length === 0);
}
