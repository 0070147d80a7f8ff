/**
 * A fixed RFID reader that speaks LLRP 1.0.1 or 1.1: mirror of the llrp driver. Takes one client at a time, answers
 * every request with an LLRPStatus, runs the ROSpecs it is given over the tags in its field, sends keepalives, and
 * holds reports over a reconnect when told to. ROSpecs and settings outlive a connection, not a power cycle.
 *
 * The host tells `onConnect` and `onDisconnect` of the one client; any other that knocks it sends what
 * `rejectSecondClient` returns, and hangs up. Changes made by the world take effect at the next tick, in the order they were made.
 */
import type { Random } from '../../../protocol/ports/random.ts';
import { isKnownMessageType } from '../../../protocol/wire/llrp/codec.ts';
import { NOTIFICATION } from '../../../protocol/wire/llrp/config.ts';
import {
  ANTENNA_EVENT,
  CONNECTION_ATTEMPT,
  type ReaderEventNotificationData,
  ROSPEC_EVENT,
} from '../../../protocol/wire/llrp/events.ts';
import { LLRP_1_0_1, LLRP_1_1, LlrpFramer, type LlrpVersion } from '../../../protocol/wire/llrp/framing.ts';
import { type ByteDevice, type DeviceOutput, SILENT, type TagInField } from '../device.ts';
import { gather, inventoryRound } from './air.ts';
import { Configuration, type Surroundings } from './configuration.ts';
import { Outgoing } from './outgoing.ts';
import { ReportWriter } from './report-writer.ts';
import { answerFrame, type Desk } from './requests.ts';
import { isReportDue, RoSpecs, type RunningSpec } from './ro-specs.ts';

export interface LlrpReaderOptions {
  readonly random: Random;
  readonly version?: '1.0.1' | '1.1';
  readonly antennas?: number;
  readonly gpiPorts?: number;
  /** Leaves out values that have not changed since they were last reported. */
  readonly omitUnchanged?: boolean;
  /** Time between inventory rounds; each antenna reads a tag at most once a round. */
  readonly roundIntervalMs?: number;
  /** Signal at which half of the rounds read a tag, dBm. */
  readonly sensitivityDbm?: number;
  /** Tags and events kept while no client may hear them. */
  readonly bufferCapacity?: number;
  /** False: an older reader that cannot hold reports over a reconnect. */
  readonly canHold?: boolean;
  /** `uptime`: a reader without a real-time clock. */
  readonly clock?: 'utc' | 'uptime';
  /** What the reader's own clock is ahead of true time. */
  readonly clockOffsetMs?: number;
}

/** From the air to the message. */
const REPORT_LATENCY_MS = 8;
/** Sights gathered for one report; a client that never collects loses the rest. */
const MAX_GATHERED = 10_000;

export class LlrpReader implements ByteDevice {
  readonly transport = 'bytes';
  readonly #options: Required<LlrpReaderOptions>;
  readonly #framer = new LlrpFramer(isKnownMessageType);
  readonly #configuration = new Configuration();
  readonly #specs: RoSpecs;
  readonly #outgoing: Outgoing;
  readonly #highestVersion: LlrpVersion;
  readonly #gpi = new Map<number, boolean>();
  readonly #unplugged = new Set<number>();
  readonly #surroundings: Surroundings;
  #changes: ((now: number) => void)[] = [];
  #tags: readonly TagInField[] = [];
  #now = 0;
  #bootedAt: number | undefined;
  #nextRoundAt = Number.NEGATIVE_INFINITY;
  #keepaliveAt: number | undefined;
  #hangUp = false;
  #knocked = false;

  constructor(options: LlrpReaderOptions) {
    this.#options = {
      version: '1.1',
      antennas: 4,
      gpiPorts: 4,
      omitUnchanged: false,
      roundIntervalMs: 200,
      sensitivityDbm: -72,
      bufferCapacity: 2_000,
      canHold: true,
      clock: 'utc',
      clockOffsetMs: 0,
      ...options,
    };
    const { antennas, gpiPorts, bufferCapacity, clock, omitUnchanged, version } = this.#options;
    const microsecondsOf = (at: number) => this.#microsecondsOf(at);
    const writer = new ReportWriter({ omitUnchanged, clock, microsecondsOf });
    this.#outgoing = new Outgoing(bufferCapacity, writer, (at) => {
      const time = { Microseconds: microsecondsOf(at) };
      return clock === 'utc' ? { UTCTimestamp: time } : { Uptime: time };
    });
    this.#specs = new RoSpecs(antennas);
    this.#highestVersion = version === '1.1' ? LLRP_1_1 : LLRP_1_0_1;
    const isConnected = (antenna: number) => !this.#unplugged.has(antenna);
    this.#surroundings = { gpi: this.#gpi, gpiPorts, antennas, isConnected };
  }

  /** The tags in the field from now on, with the antenna that can see each. */
  setTags(tags: readonly TagInField[]): void {
    this.#tags = tags;
  }

  setGpi(port: number, high: boolean): void {
    this.#changes.push((now) => this.#switchGpi(port, high, now));
  }

  /** Pulls an antenna's cable or plugs it in again. */
  setAntennaConnected(antenna: number, connected: boolean): void {
    this.#changes.push((now) => {
      if (this.#unplugged.has(antenna) === !connected) return;
      if (connected) this.#unplugged.delete(antenna);
      else this.#unplugged.add(antenna);
      const EventType = connected ? ANTENNA_EVENT.Connected : ANTENNA_EVENT.Disconnected;
      this.#notify(NOTIFICATION.AntennaEvent, { AntennaEvent: { EventType, AntennaID: antenna } }, now);
    });
  }

  /** Something goes wrong inside: over-temperature, a failed transmitter. */
  raiseException(text: string): void {
    this.#changes.push((now) =>
      this.#notify(NOTIFICATION.ReaderExceptionEvent, { ReaderExceptionEvent: { Message: text } }, now),
    );
  }

  /** Off and on again: the line drops, settings, ROSpecs and held reports are gone. */
  powerCycle(): void {
    this.#changes.push((now) => {
      this.#hangUp = this.#outgoing.hasClient;
      this.#outgoing.holdsUponReconnect = false;
      this.#outgoing.disconnect();
      this.#specs.clear();
      this.#configuration.reset();
      this.#keepaliveAt = undefined;
      this.#bootedAt = now;
    });
  }

  /** What a further client is told before it is hung up on; the one that is connected hears of it. */
  rejectSecondClient(now: number): Uint8Array[] {
    this.#begin(now);
    this.#knocked = true;
    return [this.#outgoing.turnAway(CONNECTION_ATTEMPT.ClientInitiatedConnectionExists, now)];
  }

  onConnect(now: number): DeviceOutput {
    this.#begin(now);
    if (this.#outgoing.hasClient) {
      return { send: this.rejectSecondClient(now), publish: [], disconnect: true };
    }
    this.#framer.reset();
    this.#outgoing.connect();
    this.#outgoing.greet(CONNECTION_ATTEMPT.Success, now);
    this.#scheduleKeepalive(now);
    return this.#finish();
  }

  onBytes(chunk: Uint8Array, now: number): DeviceOutput {
    this.#begin(now);
    if (!this.#outgoing.hasClient) return SILENT;
    this.#settle(now);
    this.#framer.push(chunk, {
      frame: (frame) => {
        answerFrame(frame, this.#desk(now));
      },
      discard: () => {},
    });
    return this.#finish();
  }

  onDisconnect(now: number): void {
    this.#begin(now);
    this.#outgoing.disconnect();
    this.#keepaliveAt = undefined;
  }

  onTick(now: number): DeviceOutput {
    this.#begin(now);
    this.#settle(now);
    if (this.#isInventorying && now >= this.#nextRoundAt) this.#round(now);
    if (this.#keepaliveAt !== undefined && now >= this.#keepaliveAt) {
      this.#outgoing.say('KEEPALIVE', {});
      this.#scheduleKeepalive(now);
    }
    return this.#finish();
  }

  nextTickAt(): number | undefined {
    if (this.#changes.length > 0 || this.#knocked) return this.#now;
    const times = [
      this.#keepaliveAt,
      this.#specs.nextTickAt(),
      this.#isInventorying ? Math.max(this.#nextRoundAt, this.#now) : undefined,
    ].filter((at) => at !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  get #isInventorying(): boolean {
    return this.#tags.length > 0 && this.#outgoing.isHeard && this.#specs.active.length > 0;
  }

  #begin(now: number): void {
    this.#now = now;
    this.#bootedAt ??= now;
  }

  /** What has happened since the last turn: changes by the world, ROSpecs that ran out. */
  #settle(now: number): void {
    const changes = this.#changes;
    this.#changes = [];
    for (const change of changes) change(now);
    if (this.#knocked) this.#outgoing.greet(CONNECTION_ATTEMPT.AnotherConnectionAttempted, now);
    this.#knocked = false;
    this.#specs.tick(now, (running) => this.#ended(running, now));
  }

  #finish(): DeviceOutput {
    const output = { send: this.#outgoing.take(), publish: [] };
    if (!this.#hangUp) return output;
    this.#hangUp = false;
    this.#outgoing.disconnect();
    this.#keepaliveAt = undefined;
    return { ...output, disconnect: true };
  }

  #microsecondsOf(at: number): number {
    const { clock, clockOffsetMs } = this.#options;
    const milliseconds = clock === 'utc' ? at + clockOffsetMs : at - (this.#bootedAt ?? at);
    return Math.max(0, Math.round(milliseconds * 1000));
  }

  #scheduleKeepalive(now: number): void {
    const every = this.#configuration.keepaliveMs;
    this.#keepaliveAt = every === undefined ? undefined : now + every;
  }

  #switchGpi(port: number, high: boolean, now: number): void {
    if (port < 1 || port > this.#options.gpiPorts || (this.#gpi.get(port) ?? false) === high) return;
    this.#gpi.set(port, high);
    if (!this.#configuration.isPortEnabled(port)) return;
    this.#notify(NOTIFICATION.GPIEvent, { GPIEvent: { GPIPortNumber: port, State: high } }, now);
    this.#specs.onGpi(
      port,
      high,
      (running) => this.#started(running, now),
      (running) => this.#ended(running, now),
      now,
    );
  }

  #round(now: number): void {
    const { random, sensitivityDbm, roundIntervalMs } = this.#options;
    this.#nextRoundAt = now + roundIntervalMs;
    for (const running of this.#specs.active) {
      const wanted = new Set(running.spec.AISpec?.flatMap((ai) => ai.AntennaIDs));
      const hears = (antenna: number) =>
        (wanted.has(0) || wanted.has(antenna)) &&
        antenna <= this.#options.antennas &&
        !this.#unplugged.has(antenna);
      const seenAt = now - REPORT_LATENCY_MS;
      for (const sight of inventoryRound(this.#tags, hears, sensitivityDbm, seenAt, random)) {
        if (running.gathered.size < MAX_GATHERED) gather(running.gathered, sight);
        if (isReportDue(running)) this.#report(running, now);
      }
    }
  }

  #report(running: RunningSpec, now: number): void {
    const { ROReportSpec, ROSpecID } = running.spec;
    const sights = [...running.gathered.values()];
    running.gathered.clear();
    if (ROReportSpec === undefined || sights.length === 0) return;
    this.#outgoing.report({ roSpecId: ROSpecID, wanted: ROReportSpec.TagReportContentSelector, sights }, now);
  }

  #desk(now: number): Desk {
    const { antennas, gpiPorts, clock, canHold } = this.#options;
    return {
      now,
      outgoing: this.#outgoing,
      configuration: this.#configuration,
      specs: this.#specs,
      surroundings: this.#surroundings,
      hardware: { antennas, gpiPorts, canHold, hasUtcClock: clock === 'utc' },
      highestVersion: this.#highestVersion,
      started: (running) => this.#started(running, now),
      ended: (running) => this.#ended(running, now),
      reportNow: (running) => this.#report(running, now),
      configured: () => this.#scheduleKeepalive(now),
      hangUp: () => {
        this.#hangUp = true;
      },
    };
  }

  #started(running: RunningSpec, now: number): void {
    const ROSpecEvent = {
      EventType: ROSPEC_EVENT.Start,
      ROSpecID: running.spec.ROSpecID,
      PreemptingROSpecID: 0,
    };
    this.#notify(NOTIFICATION.ROSpecEvent, { ROSpecEvent }, now);
  }

  #ended(running: RunningSpec, now: number): void {
    this.#report(running, now);
    const ROSpecEvent = {
      EventType: ROSPEC_EVENT.End,
      ROSpecID: running.spec.ROSpecID,
      PreemptingROSpecID: 0,
    };
    this.#notify(NOTIFICATION.ROSpecEvent, { ROSpecEvent }, now);
  }

  #notify(eventType: number, event: ReaderEventNotificationData, now: number): void {
    if (this.#configuration.notifies(eventType)) this.#outgoing.event(event, now);
  }
}
