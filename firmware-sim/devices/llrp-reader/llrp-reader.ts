/**
 * A fixed RFID reader that speaks LLRP 1.0.1 or 1.1: mirror of the llrp driver. Takes one client at a time, answers
 * every request with an LLRPStatus, runs ROSpecs and AccessSpecs over the tags in its field, sends keepalives, and
 * holds reports over a reconnect when asked to. Specs and settings outlive a connection, not a power cycle; what was
 * written to a tag stays on the tag.
 *
 * The host calls `onConnect` and `onDisconnect` for the one client; any other that connects it sends what
 * `rejectSecondClient` returns, and disconnects. Changes made by the world take effect at the next tick, in the order they were made.
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
import { AccessSpecs } from './access-specs.ts';
import { Configuration, type ReaderHardware } from './configuration.ts';
import { HOP_TABLE } from './identity.ts';
import { Inventory } from './inventory.ts';
import { Outgoing } from './outgoing.ts';
import { ReportWriter } from './report-writer.ts';
import { answerFrame, type Desk } from './requests.ts';
import { type Happening, RoSpecs, type RunningSpec } from './ro-specs.ts';
import { TagMemories } from './tag-memory.ts';

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

/** The only kind of AISpecEvent there is. */
const AISPEC_EVENT_END = 0;

export class LlrpReader implements ByteDevice {
  readonly transport = 'bytes';
  readonly #options: Required<LlrpReaderOptions>;
  readonly #framer = new LlrpFramer(isKnownMessageType);
  readonly #configuration = new Configuration();
  readonly #specs: RoSpecs;
  readonly #accessSpecs: AccessSpecs;
  readonly #inventory: Inventory;
  readonly #outgoing: Outgoing;
  readonly #highestVersion: LlrpVersion;
  readonly #gpi = new Map<number, boolean>();
  readonly #unplugged = new Set<number>();
  readonly #surroundings: ReaderHardware;
  #changes: ((now: number) => void)[] = [];
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
    const { antennas, gpiPorts, bufferCapacity, canHold, clock, omitUnchanged, version } = this.#options;
    const microsecondsOf = (at: number) => this.#microsecondsOf(at);
    const memories = new TagMemories();
    const writer = new ReportWriter({ omitUnchanged, clock, microsecondsOf, memories });
    this.#outgoing = new Outgoing(
      bufferCapacity,
      writer,
      (at) => {
        const time = { Microseconds: microsecondsOf(at) };
        return clock === 'utc' ? { UTCTimestamp: time } : { Uptime: time };
      },
      () => this.#configuration.notifies(NOTIFICATION.ReportBufferFillWarning),
    );
    this.#specs = new RoSpecs({ antennas, gpiPorts }, (happening, now) => this.#happened(happening, now));
    this.#accessSpecs = new AccessSpecs(antennas);
    this.#highestVersion = version === '1.1' ? LLRP_1_1 : LLRP_1_0_1;
    const isConnected = (antenna: number) => !this.#unplugged.has(antenna);
    this.#surroundings = { gpi: this.#gpi, gpiPorts, antennas, canHold, isConnected };
    this.#inventory = new Inventory({
      random: this.#options.random,
      sensitivityDbm: this.#options.sensitivityDbm,
      surroundings: this.#surroundings,
      configuration: this.#configuration,
      accessSpecs: this.#accessSpecs,
      memories,
      report: (report, now) => this.#outgoing.report(report, now),
    });
  }

  /** The tags in the field from now on, with the antenna that can see each. */
  setTags(tags: readonly TagInField[]): void {
    this.#inventory.tags = tags;
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
      this.#accessSpecs.clear();
      this.#configuration.reset();
      this.#keepaliveAt = undefined;
      this.#bootedAt = now;
    });
  }

  /** What a further client is sent before it is disconnected; the one that is connected gets an event of it. */
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
    this.#specs.tick(now);
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
    const active = this.#specs.active;
    if (active === undefined || !this.#outgoing.isHeard) return false;
    return this.#inventory.tags.length > 0 || active.course.countsAttempts;
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
    this.#specs.tick(now);
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
    this.#specs.onGpi(port, high, now);
  }

  #round(now: number): void {
    this.#nextRoundAt = now + this.#options.roundIntervalMs;
    const { active } = this.#specs;
    if (active === undefined) return;
    this.#inventory.round(active, now);
    const NextChannelIndex = this.#inventory.channel;
    const HoppingEvent = { HopTableID: HOP_TABLE, NextChannelIndex };
    this.#notify(NOTIFICATION.UponHoppingToNextChannel, { HoppingEvent }, now);
  }

  #desk(now: number): Desk {
    const { antennas, gpiPorts, clock, canHold } = this.#options;
    return {
      now,
      outgoing: this.#outgoing,
      configuration: this.#configuration,
      specs: this.#specs,
      accessSpecs: this.#accessSpecs,
      surroundings: this.#surroundings,
      hardware: { antennas, gpiPorts, canHold, hasUtcClock: clock === 'utc' },
      highestVersion: this.#highestVersion,
      reportNow: (id) => {
        const reports = this.#specs.running.map((running) => this.#inventory.collect(running));
        this.#outgoing.answerReport(
          reports.filter((report) => report !== undefined),
          id,
        );
      },
      configured: () => this.#scheduleKeepalive(now),
      hangUp: () => {
        this.#hangUp = true;
      },
    };
  }

  #happened(happening: Happening, now: number): void {
    const { running } = happening;
    switch (happening.kind) {
      case 'started':
        this.#notifyOfRoSpec(ROSPEC_EVENT.Start, running, now);
        return;
      case 'ai-ended':
        this.#inventory.aiSpecEnded(running, now);
        this.#notifyOfAiSpec(running.spec.ROSpecID, happening.specIndex, now);
        return;
      case 'looped': {
        const SpecLoopEvent = { ROSpecID: running.spec.ROSpecID, LoopCount: happening.loop };
        this.#notify(NOTIFICATION.SpecLoopEvent, { SpecLoopEvent }, now);
        return;
      }
      case 'ended':
        this.#inventory.roSpecEnded(running, now);
        this.#notifyOfRoSpec(ROSPEC_EVENT.End, running, now);
        return;
    }
    happening satisfies never;
  }

  #notifyOfRoSpec(EventType: number, { spec }: RunningSpec, now: number): void {
    const ROSpecEvent = { EventType, ROSpecID: spec.ROSpecID, PreemptingROSpecID: 0 };
    this.#notify(NOTIFICATION.ROSpecEvent, { ROSpecEvent }, now);
  }

  #notifyOfAiSpec(ROSpecID: number, SpecIndex: number, now: number): void {
    const AISpecEvent = { EventType: AISPEC_EVENT_END, ROSpecID, SpecIndex };
    if (this.#configuration.notifies(NOTIFICATION.AISpecEventWithSingulationDetails)) {
      const C1G2SingulationDetails = { NumCollisionSlots: 0, NumEmptySlots: 0 };
      this.#outgoing.event({ AISpecEvent: { ...AISpecEvent, C1G2SingulationDetails } }, now);
    } else {
      this.#notify(NOTIFICATION.AISpecEvent, { AISpecEvent }, now);
    }
  }

  #notify(eventType: number, event: ReaderEventNotificationData, now: number): void {
    if (this.#configuration.notifies(eventType)) this.#outgoing.event(event, now);
  }
}
