/**
 * The air interface of a simulated reader: one inventory round over the tags in the field. Whether a tag is read
 * follows from its signal (a logistic curve about the sensitivity), and the reported RSSI scatters about the true
 * one, in whole dBm as LLRP has it.
 */
import type { Random } from '../../../protocol/ports/random.ts';
import type { TagInField } from '../device.ts';

/** dB from "read in half of the rounds" to "read in three of four". */
const SENSITIVITY_SLOPE_DB = 3;
const RSSI_NOISE_DB = 1.5;

/** One tag as seen by one antenna since the last report. */
export interface Sight {
  readonly epc: string;
  readonly antenna: number;
  firstSeenAt: number;
  lastSeenAt: number;
  count: number;
  peakRssiDbm: number;
}

export function inventoryRound(
  tags: readonly TagInField[],
  hears: (antenna: number) => boolean,
  sensitivityDbm: number,
  seenAt: number,
  random: Random,
): Sight[] {
  const sights: Sight[] = [];
  for (const { epc, antenna, rssiDbm } of tags) {
    if (!hears(antenna)) continue;
    const chance = 1 / (1 + 3 ** ((sensitivityDbm - rssiDbm) / SENSITIVITY_SLOPE_DB));
    if (random.next() >= chance) continue;
    const peakRssiDbm = Math.max(-128, Math.min(0, Math.round(random.gaussian(rssiDbm, RSSI_NOISE_DB))));
    sights.push({ epc, antenna, firstSeenAt: seenAt, lastSeenAt: seenAt, count: 1, peakRssiDbm });
  }
  return sights;
}

/** Adds a sight to what has gathered for the next report. */
export function gather(gathered: Map<string, Sight>, sight: Sight): void {
  const key = `${sight.antenna}/${sight.epc}`;
  const before = gathered.get(key);
  if (before === undefined) {
    gathered.set(key, { ...sight });
    return;
  }
  before.lastSeenAt = sight.lastSeenAt;
  before.count = Math.min(0xffff, before.count + 1);
  before.peakRssiDbm = Math.max(before.peakRssiDbm, sight.peakRssiDbm);
}
