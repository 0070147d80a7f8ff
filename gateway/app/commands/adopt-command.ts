/**
 * `gateway adopt`: makes a journal this machine's own that was copied or moved here, or that the cloud has refused
 * because it was put back from an image. Says what was done in words for the person who has to decide.
 */
import { randomUUID } from 'node:crypto';
import { basename, join } from 'node:path';
import { LANES } from '../../../protocol/events/lanes.ts';
import { type Adoption, adoptJournal } from '../../journal/salvage/adopt.ts';
import type { GatewayConfig } from '../config/config.ts';
import { machineMark } from '../machine-mark.ts';

interface AdoptSurroundings {
  readonly write: (text: string) => void;
  readonly now: () => number;
  readonly host: string | undefined;
}

export function adoptCommand(
  config: GatewayConfig,
  { write, now, host }: AdoptSurroundings = { write: printed, now: Date.now, host: machineMark() },
): void {
  const adoption = adoptJournal({
    file: join(config.dataDir, 'journal.db'),
    stamp: { recordedAt: now(), bootId: randomUUID(), monotonicMs: 0, clock: 'unsynced' },
    epoch: randomUUID(),
    host,
  });
  for (const line of describe(config.gateway.id, adoption)) write(`${line}\n`);
}

/** "1 a, 2 b and 3 c". */
const COUNTED = new Intl.ListFormat('en-GB');

const printed = (text: string) => process.stdout.write(text);

function describe(gateway: string, adoption: Adoption): string[] {
  const { events, renamed, forked, damage } = adoption;
  const lines = [
    `${gateway}: journal adopted. New epoch ${adoption.epoch}, before ${adoption.oldEpoch ?? 'unknown'}.`,
    `Carried over: ${COUNTED.format(LANES.map((lane) => `${events[lane]} ${lane}`))} events, ` +
      'with the names they were born with.',
  ];
  if (forked !== undefined) {
    lines.push(
      `The cloud had refused it on ${new Date(forked.at).toISOString()}: ${forked.detail}`,
      `${renamed} events recorded since then have new names, because theirs belong to others.`,
    );
  } else if (renamed > 0) {
    lines.push(`${renamed} of them have new names: the file no longer says which epoch they are of.`);
  }
  if (damage !== undefined) {
    lines.push(`The file was damaged (${damage}): what is missing is reported to the cloud as a gap.`);
  }
  lines.push(`The old file is kept as ${basename(adoption.aside)}.`);
  lines.push('Make sure that no other machine sends with this gateway id and its token.');
  return lines;
}
