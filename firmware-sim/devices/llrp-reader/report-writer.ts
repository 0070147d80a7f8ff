/**
 * Tag sights to TagReportData as the ROSpec's content selector asks, on the reader's own clock. With `omitUnchanged`
 * it leaves out every value that equals the one it reported last on this connection, as LLRP 1.1 §14.2.3 allows.
 */
import type { TagReportInput } from '../../../protocol/wire/llrp/report.ts';
import type { TagReportContentSelector } from '../../../protocol/wire/llrp/rospec.ts';
import type { Sight } from './air.ts';

type Reported = Omit<TagReportInput, 'EPC' | 'EPCLengthBits' | 'extras'>;

export interface ReportWriterOptions {
  readonly omitUnchanged: boolean;
  /** Reader time of a moment, microseconds. */
  readonly microsecondsOf: (at: number) => number;
  readonly clock: 'utc' | 'uptime';
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
    const values: Reported = {
      ...(wanted.EnableROSpecID ? { ROSpecID: roSpecId } : {}),
      ...(wanted.EnableAntennaID ? { AntennaID: sight.antenna } : {}),
      ...(wanted.EnablePeakRSSI ? { PeakRSSI: sight.peakRssiDbm } : {}),
      ...(wanted.EnableChannelIndex ? { ChannelIndex: 1 } : {}),
      ...(wanted.EnableFirstSeenTimestamp
        ? { [utc ? 'FirstSeenTimestampUTC' : 'FirstSeenTimestampUptime']: first }
        : {}),
      ...(wanted.EnableLastSeenTimestamp
        ? { [utc ? 'LastSeenTimestampUTC' : 'LastSeenTimestampUptime']: last }
        : {}),
      ...(wanted.EnableTagSeenCount ? { TagSeenCount: sight.count } : {}),
    };
    const before = this.#last;
    this.#last = { ...before, ...values };
    const entries = Object.entries(values);
    const sent = omitUnchanged
      ? entries.filter(([name, value]) => before[name as keyof Reported] !== value)
      : entries;
    return { EPC: sight.epc, EPCLengthBits: sight.epc.length * 4, ...Object.fromEntries(sent) };
  }
}
