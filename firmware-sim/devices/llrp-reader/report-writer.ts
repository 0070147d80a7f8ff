/**
 * Tag sights to TagReportData as the content selector asks, on the reader's own clock. With `omitUnchanged` it leaves
 * out every value that equals the one it reported last on this connection, as LLRP 1.1 §14.2.3 allows.
 */
import type { TagReportInput } from '../../../protocol/wire/llrp/report.ts';
import type { TagReportContentSelector } from '../../../protocol/wire/llrp/rospec.ts';
import type { Sight } from './air.ts';
import type { TagMemories } from './tag-memory.ts';

type Reported = Omit<TagReportInput, 'EPC' | 'EPCLengthBits' | 'C1G2PC' | 'C1G2CRC' | 'extras'>;

interface ReportWriterOptions {
  readonly omitUnchanged: boolean;
  /** Reader time of a moment, microseconds. */
  readonly microsecondsOf: (at: number) => number;
  readonly clock: 'utc' | 'uptime';
  readonly memories: TagMemories;
}

export class ReportWriter {
  readonly #options: ReportWriterOptions;
  #last: Reported = {};

  constructor(options: ReportWriterOptions) {
    this.#options = options;
  }

  /** A new client knows nothing of what was reported before. */
  forget(): void {
    this.#last = {};
  }

  write(sight: Sight, wanted: TagReportContentSelector, roSpecId: number): TagReportInput {
    const { clock, microsecondsOf, omitUnchanged } = this.#options;
    const first = microsecondsOf(sight.firstSeenAt);
    const last = microsecondsOf(sight.lastSeenAt);
    const utc = clock === 'utc';
    const accessSpecId = sight.access?.spec.AccessSpecID;
    const values: Reported = {
      ...(wanted.EnableROSpecID ? { ROSpecID: roSpecId } : {}),
      ...(wanted.EnableSpecIndex ? { SpecIndex: sight.specIndex } : {}),
      ...(wanted.EnableInventoryParameterSpecID ? { InventoryParameterSpecID: sight.parameterSpecId } : {}),
      ...(wanted.EnableAntennaID ? { AntennaID: sight.antenna } : {}),
      ...(wanted.EnablePeakRSSI ? { PeakRSSI: sight.peakRssiDbm } : {}),
      ...(wanted.EnableChannelIndex ? { ChannelIndex: sight.channel } : {}),
      ...(wanted.EnableFirstSeenTimestamp
        ? { [utc ? 'FirstSeenTimestampUTC' : 'FirstSeenTimestampUptime']: first }
        : {}),
      ...(wanted.EnableLastSeenTimestamp
        ? { [utc ? 'LastSeenTimestampUTC' : 'LastSeenTimestampUptime']: last }
        : {}),
      ...(wanted.EnableTagSeenCount ? { TagSeenCount: sight.count } : {}),
      ...(wanted.EnableAccessSpecID && accessSpecId !== undefined ? { AccessSpecID: accessSpecId } : {}),
    };
    const before = this.#last;
    this.#last = { ...before, ...values };
    const entries = Object.entries(values);
    const sent = omitUnchanged
      ? entries.filter(([name, value]) => before[name as keyof Reported] !== value)
      : entries;
    return {
      EPC: sight.epc,
      EPCLengthBits: sight.epc.length * 4,
      ...Object.fromEntries(sent),
      ...this.#ofMemory(sight, wanted),
      ...(sight.access === undefined ? {} : { extras: sight.access.results }),
    };
  }

  #ofMemory(sight: Sight, wanted: TagReportContentSelector): Pick<TagReportInput, 'C1G2PC' | 'C1G2CRC'> {
    const selector = wanted.C1G2EPCMemorySelector?.[0];
    if (!selector?.EnablePCBits && !selector?.EnableCRC) return {};
    const memory = this.#options.memories.of(sight.tag);
    return {
      ...(selector.EnablePCBits ? { C1G2PC: memory.pc } : {}),
      ...(selector.EnableCRC ? { C1G2CRC: memory.crc } : {}),
    };
  }
}
