/**
 * The simulated reader's sending side: answers and keepalives go straight out; events and reports go out, are held
 * in the buffer, or are lost, depending on whether a client is there and has asked for them. Everything of one turn
 * leaves in one piece, so clients meet coalesced messages as they do on a busy network.
 */
import { encodeMessage, type MessageInputs, type MessageName } from '../../../protocol/wire/llrp/codec.ts';
import type { ReaderEventNotificationData } from '../../../protocol/wire/llrp/events.ts';
import { LLRP_1_0_1, type LlrpVersion } from '../../../protocol/wire/llrp/framing.ts';
import type { TagReportInput } from '../../../protocol/wire/llrp/report.ts';
import { type HeldItem, type HeldReport, ReportBuffer } from './report-buffer.ts';
import type { ReportWriter } from './report-writer.ts';

export class Outgoing {
  readonly #buffer: ReportBuffer;
  readonly #writer: ReportWriter;
  /** A moment as the event timestamp parameter of this reader's clock. */
  readonly #timestamp: (at: number) => Pick<ReaderEventNotificationData, 'UTCTimestamp' | 'Uptime'>;
  #pieces: Uint8Array[] = [];
  #messageId = 0;
  #state: 'alone' | 'holding' | 'open' = 'alone';
  /** Whether events and reports are kept for the next client. */
  #holds = false;
  #version: LlrpVersion | undefined;
  readonly #warns: () => boolean;

  /** `warns`: whether the client wants to know that the buffer fills up. */
  constructor(
    capacity: number,
    writer: ReportWriter,
    timestamp: (at: number) => Pick<ReaderEventNotificationData, 'UTCTimestamp' | 'Uptime'>,
    warns: () => boolean,
  ) {
    this.#buffer = new ReportBuffer(capacity);
    this.#writer = writer;
    this.#timestamp = timestamp;
    this.#warns = warns;
  }

  get version(): LlrpVersion {
    return this.#version ?? LLRP_1_0_1;
  }

  /** Whether this client has chosen. */
  get isVersionSet(): boolean {
    return this.#version !== undefined;
  }

  setVersion(version: LlrpVersion): void {
    this.#version = version;
  }

  get hasClient(): boolean {
    return this.#state !== 'alone';
  }

  /** Whether anything read now reaches somebody, now or later. */
  get isHeard(): boolean {
    return this.#state === 'open' || this.#holds;
  }

  set holdsUponReconnect(holds: boolean) {
    this.#holds = holds;
    if (holds) return;
    this.#buffer.drain();
    if (this.#state === 'holding') this.#state = 'open';
  }

  get holdsUponReconnect(): boolean {
    return this.#holds;
  }

  connect(): void {
    this.#state = this.#holds ? 'holding' : 'open';
    this.#version = undefined;
    this.#pieces = [];
    this.#writer.forget();
  }

  disconnect(): void {
    this.#state = 'alone';
    this.#pieces = [];
  }

  /** ENABLE_EVENTS_AND_REPORTS: what was held, then the word on what was lost, then everything at once. */
  enable(now: number): void {
    if (this.#state !== 'holding') return;
    this.#state = 'open';
    const { held, overflowed } = this.#buffer.drain();
    for (const item of held) this.#utter(item);
    if (overflowed) this.event({ ReportBufferOverflowErrorEvent: {} }, now);
  }

  /** An answer or a keepalive: never held. */
  say<N extends MessageName>(name: N, body: MessageInputs[N], id = this.#nextId()): void {
    if (this.hasClient) this.#pieces.push(encodeMessage(name, body, id, this.version));
  }

  /** The greeting of a connection: never held. */
  greet(status: number, now: number): void {
    this.say('READER_EVENT_NOTIFICATION', { ReaderEventNotificationData: this.#attempt(status, now) });
  }

  /** The greeting for a client that is turned away, as bytes, because it has no place here. */
  turnAway(status: number, now: number): Uint8Array {
    const body = { ReaderEventNotificationData: this.#attempt(status, now) };
    return encodeMessage('READER_EVENT_NOTIFICATION', body, this.#nextId(), LLRP_1_0_1);
  }

  event(event: ReaderEventNotificationData, now: number): void {
    this.#pass({ kind: 'event', event: { ...this.#timestamp(now), ...event } }, now);
  }

  report(report: Omit<HeldReport, 'kind'>, now: number): void {
    this.#pass({ kind: 'report', ...report }, now);
  }

  /** The answer to GET_REPORT, empty when nothing has gathered: never held. */
  answerReport(reports: readonly Omit<HeldReport, 'kind'>[], id: number): void {
    this.say('RO_ACCESS_REPORT', { TagReportData: reports.flatMap((report) => this.#write(report)) }, id);
  }

  /** What has to leave now, in one piece. */
  take(): Uint8Array[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    if (pieces.length < 2) return pieces;
    const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return [whole];
  }

  #attempt(status: number, now: number): ReaderEventNotificationData {
    return { ...this.#timestamp(now), ConnectionAttemptEvent: { Status: status } };
  }

  #pass(item: HeldItem, now: number): void {
    if (this.#state === 'open') {
      this.#utter(item);
      return;
    }
    if (!this.#holds) return;
    const percent = this.#buffer.add(item);
    if (percent === undefined || !this.#warns()) return;
    const warning = { ReportBufferLevelWarningEvent: { ReportBufferPercentageFull: percent } };
    this.#buffer.add({ kind: 'event', event: { ...this.#timestamp(now), ...warning } });
  }

  #utter(item: HeldItem): void {
    if (item.kind === 'event') {
      this.say('READER_EVENT_NOTIFICATION', { ReaderEventNotificationData: item.event });
      return;
    }
    this.say('RO_ACCESS_REPORT', { TagReportData: this.#write(item) });
  }

  #write({ sights, wanted, roSpecId }: Omit<HeldReport, 'kind'>): TagReportInput[] {
    return sights.map((sight) => this.#writer.write(sight, wanted, roSpecId));
  }

  #nextId(): number {
    this.#messageId = this.#messageId >= 0xffff_ffff ? 1 : this.#messageId + 1;
    return this.#messageId;
  }
}
