/**
 * The air interface of a simulated reader: one inventory round over the tags in the field. Whether a tag is read
 * follows from its signal (a logistic curve about the sensitivity), and the reported RSSI scatters about the true
 * one, in whole dBm as LLRP has it.
 */
import type { Random } from '../../../protocol/ports/random.ts';
import type { TagInField } from '../device.ts';
import type { TagAccess } from './access-specs.ts';

/** dB from "read in half of the rounds" to "read in three of four". */
const SENSITIVITY_SLOPE_DB = 3;
const RSSI_NOISE_DB = 1.5;

/** One tag as seen by one antenna since the last report. */
export interface Sight {
  /** What the tag says it is. */
  readonly epc: string;
  /** The EPC that the world knows the tag by. */
  readonly tag: string;
  readonly antenna: number;
  readonly channel: number;
  readonly specIndex: number;
  readonly parameterSpecId: number;
  firstSeenAt: number;
  lastSeenAt: number;
  count: number;
  peakRssiDbm: number;
  /** What was done to the tag on this occasion. */
  readonly access?: TagAccess;
}

/** What one antenna is set to. */
export interface AntennaSetting {
  /** Less than full power, dB. */
  readonly attenuationDb: number;
  /** Signals below are not heard, dBm. */
  readonly floorDbm: number | undefined;
  /** Whether this tag, by the EPC that the world knows, takes part. */
  readonly selects: (tag: string) => boolean;
}

interface Round {
  readonly tags: readonly TagInField[];
  /** Undefined for an antenna that is not at work. */
  readonly setting: (antenna: number) => AntennaSetting | undefined;
  /** What the tag says it is. */
  readonly epcOf: (tag: string) => string;
  readonly sensitivityDbm: number;
  readonly seenAt: number;
  readonly channel: number;
  readonly specIndex: number;
  readonly parameterSpecId: number;
}

export function inventoryRound(round: Round, random: Random): Sight[] {
  const { channel, specIndex, parameterSpecId, seenAt, sensitivityDbm } = round;
  const sights: Sight[] = [];
  for (const { epc: tag, antenna, rssiDbm: atFullPower } of round.tags) {
    const setting = round.setting(antenna);
    if (setting === undefined || !setting.selects(tag)) continue;
    const rssiDbm = atFullPower - setting.attenuationDb;
    const chance = 1 / (1 + 3 ** ((sensitivityDbm - rssiDbm) / SENSITIVITY_SLOPE_DB));
    if (random.next() >= chance) continue;
    const peakRssiDbm = Math.max(-128, Math.min(0, Math.round(random.gaussian(rssiDbm, RSSI_NOISE_DB))));
    if (setting.floorDbm !== undefined && peakRssiDbm < setting.floorDbm) continue;
    sights.push({
      epc: round.epcOf(tag),
      tag,
      antenna,
      channel,
      specIndex,
      parameterSpecId,
      firstSeenAt: seenAt,
      lastSeenAt: seenAt,
      count: 1,
      peakRssiDbm,
    });
  }
  return sights;
}

/** Adds a sight to what has gathered for the next report. One with an access stands for itself. */
export function gather(gathered: Map<string, Sight>, sight: Sight): void {
  const key = `${sight.antenna}/${sight.epc}`;
  if (sight.access !== undefined) {
    gathered.set(`${key}/access ${gathered.size}`, sight);
    return;
  }
  const before = gathered.get(key);
  if (before === undefined) {
    gathered.set(key, { ...sight });
    return;
  }
  before.lastSeenAt = sight.lastSeenAt;
  before.count = Math.min(0xffff, before.count + 1);
  before.peakRssiDbm = Math.max(before.peakRssiDbm, sight.peakRssiDbm);
}
