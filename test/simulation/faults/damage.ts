/** A card that goes bad while the gateway is off: bytes of the journal's database change. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../../protocol/ports/random.ts';
import type { History } from '../history.ts';
import type { Disk } from '../world/disk.ts';

export function damageJournal(disk: Disk, random: Random, history: History, gateway: string): void {
  const file = join(disk.folder, 'journal.db');
  const bytes = readFileSync(file);
  if (bytes.length === 0) return;
  const at = random.integer(0, bytes.length - 1);
  const how = random.pick(['flip', 'flip', 'zero', 'cut'] as const);
  history.note(`${gateway} journal damaged: ${how} at ${at} of ${bytes.length}`);
  if (how === 'flip') bytes[at] = (bytes[at] ?? 0) ^ random.integer(1, 255);
  if (how === 'zero') bytes.fill(0, at, Math.min(bytes.length, at + random.integer(1, 4096)));
  writeFileSync(file, how === 'cut' ? bytes.subarray(0, at) : bytes);
  disk.restore(disk.written());
  // What was seen and not yet reported may stand nowhere but in a checkpoint that is gone now.
  const reported = new Set(
    [...history.edge.values()].filter((event) => event.durable).map(({ subject }) => subject.split('#')[0]),
  );
  const open = history.damaged.get(gateway) ?? new Set();
  for (const [subject, seen] of history.sighted) {
    if (seen.gateway === gateway && !reported.has(subject)) open.add(subject);
  }
  history.damaged.set(gateway, open);
}
