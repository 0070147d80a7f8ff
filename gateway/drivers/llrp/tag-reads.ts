/**
 * Tag reports to readings. LLRP lets a reader leave out a value that has not changed since it last reported it
 * (LLRP 1.1 §14.2.3), so what is missing is filled in from the tag before, in the order of the stream, for as
 * long as the connection lasts. Times go through the DeviceClock; a reader without UTC gets the time of arrival.
 * An EPC that cannot be one (no bits, more than the 496 that a Gen2 tag can announce) is counted, not guessed.
 */
import type { TagRead } from '../../../protocol/readings/reading.ts';
import type { RoAccessReport, TagReportData } from '../../../protocol/wire/llrp/report.ts';
import type { DeviceClock } from '../shared/device-clock.ts';

const MAX_EPC_BITS = 496;
/** Channel of a tag whose reader never names the antenna. */
const UNKNOWN_ANTENNA = 0;

export class TagReads {
  readonly #device: string;
  readonly #origin: DeviceClock;
  #antenna: number | undefined;
  #rssi: number | undefined;
  #firstSeen: number | undefined;
  #lastSeen: number | undefined;
  #seenCount: number | undefined;

  constructor(device: string, origin: DeviceClock) {
    this.#device = device;
    this.#origin = origin;
  }

  /** A new connection: nothing is known of what the reader last reported. */
  forget(): void {
    this.#antenna = undefined;
    this.#rssi = undefined;
    this.#firstSeen = undefined;
    this.#lastSeen = undefined;
    this.#seenCount = undefined;
  }

  /** Appends a reading per tag; returns the octets of EPCs that were none. */
  append(report: RoAccessReport, now: number, readings: { push(reading: TagRead): void }): number {
    let latest: number | undefined;
    for (const tag of report.TagReportData) {
      this.#fillIn(tag);
      const seen = tag.LastSeenTimestampUTC;
      if (seen !== undefined && (latest === undefined || seen > latest)) latest = seen;
    }
    if (latest !== undefined) this.#origin.observe(latest / 1000, now);
    let badBytes = 0;
    for (const tag of report.TagReportData) {
      if (tag.EPCLengthBits > 0 && tag.EPCLengthBits <= MAX_EPC_BITS) readings.push(this.#reading(tag, now));
      else badBytes += Math.max(1, tag.EPC.length / 2);
    }
    return badBytes;
  }

  #fillIn(tag: TagReportData): void {
    tag.AntennaID ??= this.#antenna;
    tag.PeakRSSI ??= this.#rssi;
    tag.TagSeenCount ??= this.#seenCount;
    const first = tag.FirstSeenTimestampUTC ?? this.#firstSeen;
    let last = tag.LastSeenTimestampUTC ?? this.#lastSeen;
    // Only one of the two may be reported, or only one may have changed: they never cross.
    if (
      tag.LastSeenTimestampUTC === undefined &&
      first !== undefined &&
      (last === undefined || last < first)
    ) {
      last = first;
    }
    tag.FirstSeenTimestampUTC = first !== undefined && last !== undefined && first > last ? last : first;
    tag.LastSeenTimestampUTC = last;
    this.#antenna = tag.AntennaID;
    this.#rssi = tag.PeakRSSI;
    this.#seenCount = tag.TagSeenCount;
    this.#firstSeen = first;
    this.#lastSeen = last;
  }

  #reading(tag: TagReportData, now: number): TagRead {
    const last = tag.LastSeenTimestampUTC;
    const first = tag.FirstSeenTimestampUTC ?? last;
    const lastSeenAt = last === undefined ? now : this.#origin.toGateway(last / 1000, now);
    const reading = {
      kind: 'tag' as const,
      device: this.#device,
      channel: String(tag.AntennaID ?? UNKNOWN_ANTENNA),
      at: now,
      epc: tag.EPC,
      readCount: Math.max(1, tag.TagSeenCount ?? 1),
      firstSeenAt: first === undefined ? lastSeenAt : this.#origin.toGateway(first / 1000, now),
      lastSeenAt,
    };
    return tag.PeakRSSI === undefined ? reading : { ...reading, peakRssiDbm: tag.PeakRSSI };
  }
}
