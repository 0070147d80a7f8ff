/**
 * One LLRP session, from the line going up to its end: walks the handshake, matches answers to the one request in
 * flight, acknowledges keepalives, watches for silence, starts an ROSpec again that ended by itself.
 * Phases: closed → greeting (waiting for the ConnectionAttempt event) → preparing (a step in flight) → reading,
 * and from each of them → ended, when a new connection was asked for.
 */
import type { Reading } from '../../../protocol/readings/reading.ts';
import { encodeMessage, type LlrpMessage, type MessageName } from '../../../protocol/wire/llrp/codec.ts';
import {
  CONNECTION_ATTEMPT,
  describeConnectionAttempt,
  type ReaderEventNotificationData,
  ROSPEC_EVENT,
} from '../../../protocol/wire/llrp/events.ts';
import { describeStatus, isSuccess, type LLRPStatus } from '../../../protocol/wire/llrp/status.ts';
import { Deadlines } from '../shared/deadlines.ts';
import type { DeviceClock } from '../shared/device-clock.ts';
import type { Outputs } from '../shared/outputs.ts';
import {
  describeReading,
  freshFacts,
  type HandshakeStep,
  isEssential,
  learn,
  nextStep,
  type ReaderFacts,
  requestOf,
} from './handshake.ts';
import type { LlrpOptions } from './options.ts';
import {
  health,
  MAX_DETAIL_CHARACTERS,
  READER_CHANNEL,
  type ReaderCondition,
  readingsOfConfig,
  readingsOfEvent,
} from './reader-events.ts';

/** Keepalive intervals without a word before the line counts as dead. */
const SILENT_INTERVALS = 3;
/** An ROSpec that ended by itself is started again after this long, so that it cannot spin. */
const RESTART_DELAY_MS = 1_000;
/** Antennas remembered as missing; no reader has more. */
const MAX_ANTENNAS = 256;
const LAST_MESSAGE_ID = 0xffff_ffff;

interface Flight {
  readonly step: HandshakeStep;
  readonly name: MessageName;
  readonly answer: MessageName;
  readonly id: number;
}

type SessionDeadline = 'greeting' | 'answer' | 'silence' | 'restart' | 'flush';

export class ReaderSession {
  readonly #device: string;
  readonly #options: LlrpOptions;
  readonly #origin: DeviceClock;
  #phase: 'closed' | 'greeting' | 'preparing' | 'reading' | 'ended' = 'closed';
  #facts: ReaderFacts = freshFacts(true);
  #flight: Flight | undefined;
  readonly #deadlines = new Deadlines<SessionDeadline>();
  #messageId = 0;
  #keepaliveIsOn = false;
  #negotiate = true;
  #refusal: string | undefined;
  readonly #missingAntennas = new Set<string>();

  constructor(device: string, options: LlrpOptions, origin: DeviceClock) {
    this.#device = device;
    this.#options = options;
    this.#origin = origin;
  }

  open(now: number, out: Outputs): void {
    this.#phase = 'greeting';
    this.#facts = freshFacts(this.#negotiate);
    this.#flight = undefined;
    this.#keepaliveIsOn = false;
    this.#deadlines.clearAll();
    this.#deadlines.notice(now);
    this.#deadlines.set('greeting', now + this.#options.requestTimeoutMs);
    out.state('connected, waiting for the reader');
  }

  close(out: Outputs): void {
    // Some old readers hang up on a message of a version they do not know: do not ask again.
    if (this.#flight?.step === 'GET_SUPPORTED_VERSION') this.#negotiate = false;
    else if (this.#phase === 'preparing' && this.#facts.capabilities === undefined) this.#negotiate = true;
    this.#phase = 'closed';
    this.#flight = undefined;
    this.#deadlines.clearAll();
    out.state('not connected');
  }

  take(message: LlrpMessage, now: number, out: Outputs): void {
    if (this.#isOver) return;
    this.#deadlines.notice(now);
    if (this.#keepaliveIsOn) this.#expectMore(now);
    // A reader sends these three unasked; all else must answer what is in flight.
    if (message.name === 'RO_ACCESS_REPORT') {
      if (message.body.TagReportData.length > 0) this.#deadlines.clear('restart');
    } else if (message.name === 'KEEPALIVE') {
      out.send.push(encodeMessage('KEEPALIVE_ACK', {}, message.id, this.#facts.version));
    } else if (message.name === 'READER_EVENT_NOTIFICATION') {
      this.#takeEvent(message.body.ReaderEventNotificationData, now, out);
    } else {
      this.#takeAnswer(message, now, out);
    }
  }

  tick(now: number, out: Outputs): void {
    if (this.#isOver) return;
    const { requestTimeoutMs, flushMs } = this.#options;
    this.#deadlines.notice(now);
    if (this.#deadlines.isDue('greeting', now)) {
      this.#end('the reader did not greet', `no ConnectionAttempt event within ${requestTimeoutMs} ms`, out);
      return;
    }
    if (this.#deadlines.isDue('silence', now)) {
      this.#end('the reader went silent', `nothing heard for ${SILENT_INTERVALS} keepalive intervals`, out);
      return;
    }
    if (this.#flight !== undefined && this.#deadlines.isDue('answer', now)) {
      this.#fail('silent', this.#flight, now, out);
    }
    if (this.#deadlines.isDue('restart', now)) {
      this.#deadlines.clear('restart');
      if (this.#flight === undefined) this.#proceed('ENABLE_ROSPEC', now, out);
    }
    if (this.#deadlines.isDue('flush', now)) {
      this.#deadlines.set('flush', now + flushMs);
      out.send.push(encodeMessage('GET_REPORT', {}, this.#nextId(), this.#facts.version));
    }
  }

  nextTickAt(): number | undefined {
    return this.#deadlines.next();
  }

  /** The line no longer shows where messages begin: only a new one does. */
  abandon(reason: string, out: Outputs): void {
    if (!this.#isOver) this.#end('the stream lost its message boundaries', reason, out);
  }

  get #isOver(): boolean {
    return this.#phase === 'closed' || this.#phase === 'ended';
  }

  #end(state: string, reason: string, out: Outputs): void {
    this.#phase = 'ended';
    this.#deadlines.clearAll();
    out.state(state);
    out.reconnect(reason);
  }

  #expectMore(now: number): void {
    this.#deadlines.set('silence', now + SILENT_INTERVALS * this.#options.keepaliveMs);
  }

  #takeEvent(event: ReaderEventNotificationData, now: number, out: Outputs): void {
    // Events wait in the reader's memory as reports do.
    const utc = event.UTCTimestamp;
    const sensedAt = utc ? this.#origin.toGateway(utc.Microseconds / 1000, now) : now;
    for (const reading of readingsOfEvent(event, this.#device, this.#options, now, sensedAt)) {
      this.#emit(reading, out);
    }
    if (event.ConnectionAttemptEvent) this.#greet(event.ConnectionAttemptEvent.Status, now, out);
    if (event.ConnectionCloseEvent) {
      this.#end('the reader closed the session', 'the reader closed the session', out);
      return;
    }
    if (event.ROSpecEvent?.ROSpecID === this.#options.roSpecId) {
      const ended = event.ROSpecEvent.EventType !== ROSPEC_EVENT.Start;
      const ours = this.#phase === 'reading' && this.#options.startTrigger.kind === 'null';
      if (!ended) this.#deadlines.clear('restart');
      else if (ours) this.#restartLater(now, out);
    }
  }

  #restartLater(now: number, out: Outputs): void {
    this.#deadlines.set('restart', now + RESTART_DELAY_MS);
    out.state(`ROSpec ${this.#options.roSpecId} ended, starting it again`);
  }

  #greet(status: number, now: number, out: Outputs): void {
    if (status === CONNECTION_ATTEMPT.AnotherConnectionAttempted) {
      const detail = 'another client tried to connect to this reader';
      this.#emit(this.#health('READER_CONTENDED', true, detail, now), out);
    } else if (status !== CONNECTION_ATTEMPT.Success) {
      this.#refuse(`connection refused: ${describeConnectionAttempt(status)}`, now, out);
    } else if (this.#phase === 'greeting') {
      this.#phase = 'preparing';
      this.#deadlines.clear('greeting');
      this.#proceed(undefined, now, out);
    }
  }

  #takeAnswer(message: LlrpMessage, now: number, out: Outputs): void {
    const flight = this.#flight;
    const isError = message.name === 'ERROR_MESSAGE';
    // An ERROR_MESSAGE about a header it could not read may carry id 0.
    const matches = flight !== undefined && (message.id === flight.id || (isError && message.id === 0));
    if (isError) {
      const { LLRPStatus } = message.body;
      if (matches) this.#fail('refused', flight, now, out, LLRPStatus);
      else this.#emit(this.#health('READER_EXCEPTION', true, describeStatus(LLRPStatus), now), out);
      return;
    }
    if (!matches || message.name !== flight.answer) {
      out.discardBytes('UNEXPECTED_MESSAGE', 10);
      return;
    }
    const status = 'LLRPStatus' in message.body ? message.body.LLRPStatus : undefined;
    if (status !== undefined && !isSuccess(status)) this.#fail('refused', flight, now, out, status);
    else this.#accept(flight, message, now, out);
  }

  #accept(flight: Flight, message: LlrpMessage, now: number, out: Outputs): void {
    this.#land();
    this.#facts = learn(this.#facts, message);
    if (message.name === 'SET_READER_CONFIG_RESPONSE') {
      this.#keepaliveIsOn = true;
      this.#expectMore(now);
    } else if (message.name === 'GET_READER_CONFIG_RESPONSE') {
      for (const reading of readingsOfConfig(message.body, this.#device, this.#options, now)) {
        this.#emit(reading, out);
      }
    }
    this.#proceed(flight.step, now, out);
  }

  #fail(failure: 'refused' | 'silent', flight: Flight, now: number, out: Outputs, status?: LLRPStatus): void {
    this.#land();
    if (!isEssential(flight.step, failure)) {
      this.#proceed(flight.step, now, out);
    } else if (status !== undefined) {
      this.#refuse(`${flight.name} refused: ${describeStatus(status)}`, now, out);
    } else {
      const reason = `no answer to ${flight.name} within ${this.#options.requestTimeoutMs} ms`;
      this.#end(`no answer to ${flight.name}`, reason, out);
    }
  }

  #land(): void {
    this.#flight = undefined;
    this.#deadlines.clear('answer');
  }

  /** Sends the steps after `after` up to the first that waits for an answer. */
  #proceed(after: HandshakeStep | undefined, now: number, out: Outputs): void {
    let step = nextStep(after, this.#facts, this.#options);
    while (step !== undefined) {
      const request = requestOf(step, this.#facts, this.#options);
      const id = this.#nextId();
      out.send.push(request.encode((name, body) => encodeMessage(name, body, id, request.version)));
      if (step === 'ENABLE_EVENTS_AND_REPORTS:live') this.#isReading(now, out);
      else if (this.#phase !== 'reading') out.state(`preparing: ${request.name}`);
      if (request.answer !== undefined) {
        this.#flight = { step, name: request.name, answer: request.answer, id };
        this.#deadlines.set('answer', now + this.#options.requestTimeoutMs);
        return;
      }
      step = nextStep(step, this.#facts, this.#options);
    }
  }

  #isReading(now: number, out: Outputs): void {
    this.#phase = 'reading';
    if (this.#options.reportEveryN > 1) {
      this.#deadlines.set('flush', now + this.#options.flushMs);
    }
    if (this.#refusal !== undefined) {
      this.#refusal = undefined;
      const detail = 'the reader accepts the session';
      this.#emit(this.#health('READER_REFUSED', false, detail, now), out);
    }
    out.state(describeReading(this.#facts, this.#options));
  }

  /** Complains once, not at every attempt with the same outcome. */
  #refuse(reason: string, now: number, out: Outputs): void {
    const detail = reason.slice(0, MAX_DETAIL_CHARACTERS);
    if (this.#refusal !== detail) this.#emit(this.#health('READER_REFUSED', true, detail, now), out);
    this.#refusal = detail;
    this.#end(detail, detail, out);
  }

  #health(condition: ReaderCondition, active: boolean, detail: string, now: number): Reading {
    return health(this.#device, READER_CHANNEL, now, condition, active, detail);
  }

  /** Passes on a reading unless it says that an antenna is there that was never missing. */
  #emit(reading: Reading, out: Outputs): void {
    if (reading.kind === 'health' && reading.condition === 'ANTENNA_DISCONNECTED') {
      const known = this.#missingAntennas.has(reading.channel);
      if (known === reading.active) return;
      if (reading.active && this.#missingAntennas.size < MAX_ANTENNAS)
        this.#missingAntennas.add(reading.channel);
      else this.#missingAntennas.delete(reading.channel);
    }
    out.readings.push(reading);
  }

  #nextId(): number {
    this.#messageId = this.#messageId >= LAST_MESSAGE_ID ? 1 : this.#messageId + 1;
    return this.#messageId;
  }
}
