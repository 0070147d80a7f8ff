/**
 * The ROSpecs of a simulated reader and their states (LLRP 1.1 §11.1): disabled → inactive → active, each change
 * only from the state before it, and one active at a time. A refused request says why, in a reader's words. Tags
 * gather in an ROSpec until its report is due.
 * An ROSpec that ended by itself starts again when its start trigger says so; an immediate one at once, unless a
 * client stopped it.
 */
import {
  ROSPEC_STATE,
  type ROSpec,
  START_TRIGGER,
  STOP_TRIGGER,
} from '../../../protocol/wire/llrp/rospec.ts';
import { STATUS } from '../../../protocol/wire/llrp/status.ts';
import type { Sight } from './air.ts';
import { MAX_RO_SPECS } from './identity.ts';
import { type LlrpRefusal, refusal } from './refusal.ts';
import { Course } from './ro-course.ts';
import { type Ports, refusalOfRoSpec } from './spec-check.ts';

export interface RunningSpec {
  readonly spec: ROSpec;
  /** Sights since the last report, one per EPC and antenna, and one per access. */
  readonly gathered: Map<string, Sight>;
}

export interface ActiveSpec extends RunningSpec {
  readonly course: Course;
}

/** What an ROSpec goes through, in the order it happens. */
export type Happening =
  | { readonly kind: 'started' | 'ended'; readonly running: RunningSpec }
  | { readonly kind: 'ai-ended'; readonly running: RunningSpec; readonly specIndex: number }
  | { readonly kind: 'looped'; readonly running: RunningSpec; readonly loop: number };

interface RoSpecEntry extends RunningSpec {
  state: 'disabled' | 'inactive' | 'active';
  course: Course | undefined;
  stopAt: number | undefined;
  /** The next start of its own: now for an immediate trigger, a time for a periodic one. */
  startAt: number | undefined;
}

/** An ROSpec runs no shorter than this, so that a duration of 0 cannot spin. */
const SHORTEST_RUN_MS = 10;

export class RoSpecs {
  readonly #entries = new Map<number, RoSpecEntry>();
  readonly #ports: Ports;
  readonly #happens: (happening: Happening, now: number) => void;

  constructor(ports: Ports, happens: (happening: Happening, now: number) => void) {
    this.#ports = ports;
    this.#happens = happens;
  }

  get specs(): ROSpec[] {
    return [...this.#entries.values()].map(({ spec, state }) => ({ ...spec, CurrentState: STATES[state] }));
  }

  /** All that may have something to report. */
  get running(): RunningSpec[] {
    return [...this.#entries.values()];
  }

  get active(): ActiveSpec | undefined {
    for (const { spec, gathered, course } of this.#entries.values()) {
      if (course !== undefined) return { spec, gathered, course };
    }
    return undefined;
  }

  add(spec: ROSpec): LlrpRefusal | undefined {
    const id = spec.ROSpecID;
    if (id === 0) return refusal(STATUS.M_FieldError, 'ROSpec id 0 means all and cannot be added');
    if (this.#entries.has(id)) return refusal(STATUS.M_FieldError, `ROSpec ${id} already exists`);
    if (this.#entries.size >= MAX_RO_SPECS) return refusal(STATUS.M_OverflowParameter, 'too many ROSpecs');
    const refused = refusalOfRoSpec(spec, this.#ports);
    if (refused !== undefined) return refused;
    this.#entries.set(id, {
      spec,
      state: 'disabled',
      course: undefined,
      stopAt: undefined,
      startAt: undefined,
      gathered: new Map(),
    });
    return undefined;
  }

  /** Id 0 means all. */
  delete(id: number, now: number): LlrpRefusal | undefined {
    const entries = this.#named(id);
    if (entries.length === 0 && id !== 0) return missing(id);
    for (const entry of entries) {
      this.#deactivate(entry, now);
      this.#entries.delete(entry.spec.ROSpecID);
    }
    this.#startWaiting(now);
    return undefined;
  }

  /** Id 0 means all. */
  enable(id: number, now: number): LlrpRefusal | undefined {
    const entries = this.#named(id);
    if (entries.length === 0) return missing(id);
    for (const entry of entries) {
      if (entry.state !== 'disabled') {
        if (id === 0) continue;
        return refusal(STATUS.M_FieldError, `ROSpec ${id} is enabled already`);
      }
      entry.state = 'inactive';
      entry.startAt = firstStart(entry.spec, now);
    }
    this.#startWaiting(now);
    return undefined;
  }

  /** Id 0 means all. */
  disable(id: number, now: number): LlrpRefusal | undefined {
    const entries = this.#named(id);
    if (entries.length === 0 && id !== 0) return missing(id);
    for (const entry of entries) {
      this.#deactivate(entry, now);
      entry.state = 'disabled';
      entry.startAt = undefined;
    }
    this.#startWaiting(now);
    return undefined;
  }

  start(id: number, now: number): LlrpRefusal | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return missing(id);
    if (entry.state === 'disabled')
      return refusal(STATUS.M_FieldError, `ROSpec ${id} is disabled, enable it first`);
    if (entry.state === 'active') return refusal(STATUS.M_FieldError, `ROSpec ${id} is active already`);
    const other = this.active;
    if (other !== undefined)
      return refusal(STATUS.R_DeviceError, `ROSpec ${other.spec.ROSpecID} is active, one runs at a time`);
    this.#activate(entry, now);
    return undefined;
  }

  stop(id: number, now: number): LlrpRefusal | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return missing(id);
    if (entry.state !== 'active') return refusal(STATUS.M_FieldError, `ROSpec ${id} is not active`);
    if (isImmediate(entry.spec)) entry.startAt = undefined;
    this.#deactivate(entry, now);
    this.#startWaiting(now);
    return undefined;
  }

  /** An input has changed: starts and stops what waits for it. */
  onGpi(port: number, high: boolean, now: number): void {
    for (const entry of this.#entries.values()) {
      const { ROSpecStartTrigger: start, ROSpecStopTrigger: stop } = entry.spec.ROBoundarySpec;
      const starts =
        start.ROSpecStartTriggerType === START_TRIGGER.GPI && matches(start.GPITriggerValue, port, high);
      const stops =
        stop.ROSpecStopTriggerType === STOP_TRIGGER.GPIWithTimeout &&
        matches(stop.GPITriggerValue, port, high);
      if (entry.course !== undefined && stops) this.#deactivate(entry, now);
      else if (entry.course?.isStoppedBy(port, high)) this.#advance(entry, now);
      else if (entry.state === 'inactive' && starts && this.active === undefined) this.#activate(entry, now);
    }
    this.#startWaiting(now);
  }

  /** Stops what has run its course, and starts what is due. */
  tick(now: number): void {
    for (const entry of this.#entries.values()) {
      if (entry.stopAt !== undefined && now >= entry.stopAt) this.#deactivate(entry, now);
      else if (entry.course?.isOver(now)) this.#advance(entry, now);
    }
    this.#startWaiting(now);
  }

  nextTickAt(): number | undefined {
    const isFree = this.active === undefined;
    const times = [...this.#entries.values()].flatMap(({ stopAt, startAt, course }) =>
      [stopAt, course?.endsAt(), isFree ? startAt : undefined].filter((at) => at !== undefined),
    );
    return times.length === 0 ? undefined : Math.min(...times);
  }

  clear(): void {
    this.#entries.clear();
  }

  #named(id: number): RoSpecEntry[] {
    if (id === 0) return [...this.#entries.values()];
    const entry = this.#entries.get(id);
    return entry === undefined ? [] : [entry];
  }

  #startWaiting(now: number): void {
    for (const entry of this.#entries.values()) {
      const isDue = entry.state === 'inactive' && entry.startAt !== undefined && now >= entry.startAt;
      if (isDue && this.active === undefined) this.#activate(entry, now);
    }
  }

  #activate(entry: RoSpecEntry, now: number): void {
    const { ROSpecStartTrigger: start, ROSpecStopTrigger: stop } = entry.spec.ROBoundarySpec;
    entry.state = 'active';
    entry.course = new Course(entry.spec, now);
    const limit =
      stop.ROSpecStopTriggerType === STOP_TRIGGER.Duration
        ? Math.max(SHORTEST_RUN_MS, stop.DurationTriggerValue)
        : stop.ROSpecStopTriggerType === STOP_TRIGGER.GPIWithTimeout
          ? stop.GPITriggerValue?.Timeout || undefined
          : undefined;
    entry.stopAt = limit === undefined ? undefined : now + limit;
    const period = start.PeriodicTriggerValue?.Period ?? 0;
    if (!isImmediate(entry.spec)) {
      entry.startAt = entry.startAt === undefined ? undefined : nextPeriod(entry.startAt, period, now);
    }
    this.#happens({ kind: 'started', running: entry }, now);
  }

  /** The AISpec at work is over. */
  #advance(entry: RoSpecEntry, now: number): void {
    const { course } = entry;
    if (course === undefined) return;
    this.#happens({ kind: 'ai-ended', running: entry, specIndex: course.specIndex }, now);
    const { loop } = course;
    const outcome = course.advance(now);
    if (outcome === 'end') this.#finish(entry, now);
    else if (outcome === 'looped') this.#happens({ kind: 'looped', running: entry, loop }, now);
  }

  /** Ends it in the middle of an AISpec. */
  #deactivate(entry: RoSpecEntry, now: number): void {
    if (entry.course === undefined) return;
    this.#happens({ kind: 'ai-ended', running: entry, specIndex: entry.course.specIndex }, now);
    this.#finish(entry, now);
  }

  #finish(entry: RoSpecEntry, now: number): void {
    entry.state = 'inactive';
    entry.course = undefined;
    entry.stopAt = undefined;
    this.#happens({ kind: 'ended', running: entry }, now);
  }
}

const STATES = {
  disabled: ROSPEC_STATE.Disabled,
  inactive: ROSPEC_STATE.Inactive,
  active: ROSPEC_STATE.Active,
} as const;

function isImmediate(spec: ROSpec): boolean {
  return spec.ROBoundarySpec.ROSpecStartTrigger.ROSpecStartTriggerType === START_TRIGGER.Immediate;
}

function firstStart(spec: ROSpec, now: number): number | undefined {
  if (isImmediate(spec)) return now;
  const { ROSpecStartTriggerType, PeriodicTriggerValue } = spec.ROBoundarySpec.ROSpecStartTrigger;
  if (ROSpecStartTriggerType !== START_TRIGGER.Periodic || PeriodicTriggerValue === undefined)
    return undefined;
  const { Offset, Period, UTCTimestamp } = PeriodicTriggerValue;
  const first = (UTCTimestamp === undefined ? now : UTCTimestamp.Microseconds / 1000) + Offset;
  return first >= now ? first : nextPeriod(first, Period, now);
}

/** The first of these times behind `now`; undefined when there is only one. */
function nextPeriod(first: number, period: number, now: number): number | undefined {
  if (period === 0) return undefined;
  return first + Math.max(1, Math.floor((now - first) / period) + 1) * period;
}

function matches(
  trigger: { readonly GPIPortNum: number; readonly GPIEvent: boolean } | undefined,
  port: number,
  high: boolean,
): boolean {
  return trigger !== undefined && trigger.GPIPortNum === port && trigger.GPIEvent === high;
}

function missing(id: number): LlrpRefusal {
  return refusal(STATUS.M_FieldError, `ROSpec ${id} does not exist`);
}
