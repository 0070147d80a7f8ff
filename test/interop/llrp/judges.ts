/**
 * Outside LLRP clients against the simulated reader: each inventories for 30 s over TCP, and must have seen exactly
 * the tags in the field, in as many reports and reads as the reader sent, and the TIDs that the tags have.
 */

import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import type { TagInField } from '../../../firmware-sim/devices/device.ts';
import type { InteropJudge } from '../judge.ts';
import { PYTHON, pythonWith } from '../python.ts';
import { runWell } from '../run.ts';
import { type ReaderOnLine, readerOnLine } from './reader-on-line.ts';

const INVENTORY_SECONDS = 30;
/** The client stays this much longer than there are tags, so that nothing is under way when it leaves. */
const AFTERWARDS_SECONDS = 6;
const TID_BEGINS = 'e2801160';
const FEWEST_MODES = 1;

/** Strong ones and one at the edge, on two antennas, of 96 and 128 bits. */
const TAGS: readonly TagInField[] = [
  ...Array.from({ length: 12 }, (_, index) => ({
    epc: `3074257bf7194e4000001a${(0x80 + index).toString(16)}`,
    antenna: 1 + (index % 2),
    rssiDbm: -48 - index,
  })),
  { epc: '3074257bf7194e4000002b00', antenna: 1, rssiDbm: -73 },
  { epc: 'f12345678901234567890123456789ab', antenna: 2, rssiDbm: -50 },
];

const seenSchema = z.object({
  tags: z.record(z.string(), z.object({ reports: z.int(), reads: z.int() })),
  /** [result, words in hex] of each read of two words of TID. */
  tids: z.array(z.tuple([z.int(), z.string()])),
  /** At the end it still stood as the client believed. */
  inventorying: z.boolean(),
  /** RF modes found in the capabilities. */
  modes: z.int(),
});

function client(program: string): InteropJudge {
  return {
    name: `llrp/${program}`,
    needs: [PYTHON],
    async judge(cache) {
      const python = await pythonWith(cache, new URL(`${program}.txt`, import.meta.url));
      await using reader = await readerOnLine();
      reader.setTags(TAGS);
      const script = fileURLToPath(new URL(`${program}_inventory.py`, import.meta.url));
      const seconds = INVENTORY_SECONDS + AFTERWARDS_SECONDS;
      const args = [script, '127.0.0.1', String(reader.port), String(seconds)];
      const said = runWell(python, args, (seconds + 30) * 1000);
      const leaving = new AbortController();
      const emptied = emptyLater(reader, leaving.signal);
      try {
        return compare(reader, seenSchema.parse(JSON.parse(await said)));
      } finally {
        leaving.abort();
        await emptied;
      }
    },
  };
}

async function emptyLater(reader: ReaderOnLine, signal: AbortSignal): Promise<void> {
  const left = new Promise<'left'>((resolve) => {
    signal.addEventListener('abort', () => resolve('left'), { once: true });
  });
  if ((await Promise.race([reader.firstReport, left])) === 'left') return;
  await wait(INVENTORY_SECONDS * 1000, undefined, { signal }).catch(() => {});
  reader.setTags([]);
}

function compare(reader: ReaderOnLine, seen: z.infer<typeof seenSchema>): string {
  const inField = TAGS.map(({ epc }) => epc).sort();
  const epcs = Object.keys(seen.tags).sort();
  if (!isDeepStrictEqual(epcs, inField))
    throw new Error(`tags ${epcs.join(' ')}, but in the field are ${inField.join(' ')}`);
  if (!isDeepStrictEqual({ ...seen.tags }, { ...reader.sent }))
    throw new Error(`saw ${JSON.stringify(seen.tags)}, but ${JSON.stringify(reader.sent)} was sent`);
  if (!seen.inventorying) throw new Error('the client did not find the reader at work at the end');
  if (seen.modes < FEWEST_MODES) throw new Error('no RF mode in the capabilities');
  const wrong = seen.tids.find(([result, words]) => result !== 0 || words !== TID_BEGINS);
  if (wrong !== undefined || seen.tids.length === 0)
    throw new Error(`TID reads came to ${JSON.stringify(wrong ?? 'nothing')}`);
  const sum = (key: 'reports' | 'reads') =>
    Object.values(seen.tags).reduce((total, each) => total + each[key], 0);
  return `${epcs.length} tags, ${sum('reports')} reports, ${sum('reads')} reads, ${seen.tids.length} TIDs, all equal`;
}

export const LLRP_JUDGES: readonly InteropJudge[] = [client('sllurp'), client('pyllrp')];
