/**
 * The work of the active ROSpec, round by round: reads the tags in the field as the antennas are set, carries out
 * AccessSpecs on them, and hands out reports when they are due (LLRP 1.1 §14.2.1).
 */
import type { Random } from '../../../protocol/ports/random.ts';
import { ACCESS_REPORT_TRIGGER } from '../../../protocol/wire/llrp/access.ts';
import { REPORT_TRIGGER, type ROReportSpec } from '../../../protocol/wire/llrp/rospec.ts';
import type { TagInField } from '../device.ts';
import type { AccessSpecs } from './access-specs.ts';
import { type AntennaSetting, gather, inventoryRound, type Sight } from './air.ts';
import { settingOf } from './antenna-settings.ts';
import type { Configuration, ReaderHardware } from './configuration.ts';
import { CHANNELS } from './identity.ts';
import type { HeldReport } from './report-buffer.ts';
import type { ActiveSpec, RunningSpec } from './ro-specs.ts';
import type { TagMemories } from './tag-memory.ts';

/** From the air to the message. */
const REPORT_LATENCY_MS = 8;
/** Sights gathered for one report; a client that never collects loses the rest. */
const MAX_GATHERED = 10_000;

type TagReport = Omit<HeldReport, 'kind'>;

interface InventoryParts {
  readonly random: Random;
  readonly sensitivityDbm: number;
  readonly surroundings: ReaderHardware;
  readonly configuration: Configuration;
  readonly accessSpecs: AccessSpecs;
  readonly memories: TagMemories;
  readonly report: (report: TagReport, now: number) => void;
}

export class Inventory {
  tags: readonly TagInField[] = [];
  readonly #parts: InventoryParts;
  #channel = 0;

  constructor(parts: InventoryParts) {
    this.#parts = parts;
  }

  /** The channel at work, from 1. */
  get channel(): number {
    return this.#channel;
  }

  round(active: ActiveSpec, now: number): void {
    const { random, sensitivityDbm, memories } = this.#parts;
    const { course } = active;
    this.#channel = (this.#channel % CHANNELS) + 1;
    const sights = inventoryRound(
      {
        tags: this.tags,
        setting: this.#settings(active),
        epcOf: (tag) => memories.known(tag)?.epc ?? tag,
        sensitivityDbm,
        seenAt: now - REPORT_LATENCY_MS,
        channel: this.#channel,
        specIndex: course.specIndex,
        parameterSpecId: course.aiSpec?.InventoryParameterSpec?.[0]?.InventoryParameterSpecID ?? 0,
      },
      random,
    );
    for (const sight of sights) this.#take(active, this.#accessed(active, sight), now);
    course.attempted(sights, now);
  }

  /** What has gathered, and forgets it; undefined when nothing has. */
  collect(running: RunningSpec): TagReport | undefined {
    const sights = [...running.gathered.values()];
    running.gathered.clear();
    if (sights.length === 0) return undefined;
    const wanted = this.#reportSpec(running).TagReportContentSelector;
    return { roSpecId: running.spec.ROSpecID, wanted, sights };
  }

  aiSpecEnded(running: RunningSpec, now: number): void {
    if (this.#reportSpec(running).ROReportTrigger === REPORT_TRIGGER.NTagsOrEndOfAISpec) {
      this.#report(running, now);
    }
  }

  roSpecEnded(running: RunningSpec, now: number): void {
    if (this.#reportSpec(running).ROReportTrigger !== REPORT_TRIGGER.None) this.#report(running, now);
  }

  #settings({ course }: ActiveSpec): (antenna: number) => AntennaSetting | undefined {
    const { surroundings, configuration, memories } = this.#parts;
    const { aiSpec } = course;
    const wanted = new Set(aiSpec?.AntennaIDs);
    const known = new Map<number, AntennaSetting | undefined>();
    return (antenna) => {
      if (known.has(antenna)) return known.get(antenna);
      const isAtWork =
        (wanted.has(0) || wanted.has(antenna)) &&
        antenna <= surroundings.antennas &&
        surroundings.isConnected(antenna);
      const setting =
        isAtWork && aiSpec ? settingOf(antenna, configuration.antennas, aiSpec, memories) : undefined;
      known.set(antenna, setting);
      return setting;
    };
  }

  #accessed(active: ActiveSpec, sight: Sight): Sight {
    const { accessSpecs, memories } = this.#parts;
    if (!accessSpecs.isAnyActive) return sight;
    const access = accessSpecs.access(active.spec.ROSpecID, sight.antenna, memories.of(sight.tag));
    return access === undefined ? sight : { ...sight, access };
  }

  #take(active: ActiveSpec, sight: Sight, now: number): void {
    const { configuration, report } = this.#parts;
    const { ROReportTrigger, N, TagReportContentSelector } = this.#reportSpec(active);
    const trigger =
      sight.access?.spec.AccessReportSpec?.AccessReportTrigger ?? configuration.accessReportTrigger;
    if (sight.access !== undefined && trigger === ACCESS_REPORT_TRIGGER.EndOfAccessSpec) {
      report({ roSpecId: active.spec.ROSpecID, wanted: TagReportContentSelector, sights: [sight] }, now);
      return;
    }
    if (active.gathered.size < MAX_GATHERED) gather(active.gathered, sight);
    const isDue = ROReportTrigger !== REPORT_TRIGGER.None && N > 0 && active.gathered.size >= N;
    if (isDue) this.#report(active, now);
  }

  #report(running: RunningSpec, now: number): void {
    const report = this.collect(running);
    if (report !== undefined) this.#parts.report(report, now);
  }

  #reportSpec({ spec }: RunningSpec): ROReportSpec {
    return spec.ROReportSpec ?? this.#parts.configuration.report;
  }
}
