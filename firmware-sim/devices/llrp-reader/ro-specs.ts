/**
 * The ROSpecs of a simulated reader and their states (LLRP 1.1 §11.1): disabled → inactive → active, each change
 * only from the state before it. A refused request says why, in a reader's words. Tags gather in an active ROSpec
 * until its report is due.
 */
import {
  REPORT_TRIGGER,
  type ROSpec,
  START_TRIGGER,
  STOP_TRIGGER,
} from '../../../protocol/wire/llrp/rospec.ts';
import { STATUS } from '../../../protocol/wire/llrp/status.ts';
import type { Sight } from './air.ts';

export interface Refusal {
  readonly code: number;
  readonly text: string;
}

export interface RunningSpec {
  readonly spec: ROSpec;
  /** Sights since the last report, one per EPC and antenna. */
  readonly gathered: Map<string, Sight>;
}

interface Entry extends RunningSpec {
  state: 'disabled' | 'inactive' | 'active';
  stopAt: number | undefined;
}

const MAX_RO_SPECS = 8;

export class RoSpecs {
  readonly #entries = new Map<number, Entry>();
  readonly #antennas: number;

  constructor(antennas: number) {
    this.#antennas = antennas;
  }

  get specs(): ROSpec[] {
    return [...this.#entries.values()].map((entry) => entry.spec);
  }

  get active(): RunningSpec[] {
    return [...this.#entries.values()].filter((entry) => entry.state === 'active');
  }

  add(spec: ROSpec): Refusal | undefined {
    const id = spec.ROSpecID;
    const wrong = spec.AISpec?.flatMap((ai) => ai.AntennaIDs).find((antenna) => antenna > this.#antennas);
    if (id === 0) return refusal(STATUS.M_FieldError, 'ROSpec id 0 means all and cannot be added');
    if (this.#entries.has(id)) return refusal(STATUS.M_FieldError, `ROSpec ${id} already exists`);
    if (this.#entries.size >= MAX_RO_SPECS) return refusal(STATUS.M_OverflowParameter, 'too many ROSpecs');
    if (!spec.AISpec?.length) return refusal(STATUS.M_MissingParameter, `ROSpec ${id} has no AISpec`);
    if (wrong !== undefined) return refusal(STATUS.A_OutOfRange, `there is no antenna ${wrong}`);
    this.#entries.set(id, { spec, state: 'disabled', stopAt: undefined, gathered: new Map() });
    return undefined;
  }

  /** Id 0 means all. `stopped` is told of each ROSpec that was active. */
  delete(id: number, stopped: (running: RunningSpec) => void): Refusal | undefined {
    const entries = this.#named(id);
    if (entries.length === 0 && id !== 0) return missing(id);
    for (const entry of entries) {
      if (entry.state === 'active') stopped(entry);
      this.#entries.delete(entry.spec.ROSpecID);
    }
    return undefined;
  }

  /** `started` is told of each ROSpec with an immediate start trigger. */
  enable(id: number, started: (spec: RunningSpec) => void, now: number): Refusal | undefined {
    const entries = this.#named(id);
    if (entries.length === 0) return missing(id);
    for (const entry of entries) {
      if (entry.state !== 'disabled') return refusal(STATUS.M_FieldError, `ROSpec ${id} is enabled already`);
      entry.state = 'inactive';
      const trigger = entry.spec.ROBoundarySpec.ROSpecStartTrigger.ROSpecStartTriggerType;
      if (trigger === START_TRIGGER.Immediate) this.#activate(entry, started, now);
    }
    return undefined;
  }

  disable(id: number, stopped: (running: RunningSpec) => void): Refusal | undefined {
    const entries = this.#named(id);
    if (entries.length === 0) return missing(id);
    for (const entry of entries) {
      this.#deactivate(entry, stopped);
      entry.state = 'disabled';
    }
    return undefined;
  }

  start(id: number, started: (spec: RunningSpec) => void, now: number): Refusal | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return missing(id);
    if (entry.state === 'disabled')
      return refusal(STATUS.M_FieldError, `ROSpec ${id} is disabled, enable it first`);
    if (entry.state === 'active') return refusal(STATUS.M_FieldError, `ROSpec ${id} is active already`);
    this.#activate(entry, started, now);
    return undefined;
  }

  stop(id: number, stopped: (running: RunningSpec) => void): Refusal | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return missing(id);
    if (entry.state !== 'active') return refusal(STATUS.M_FieldError, `ROSpec ${id} is not active`);
    this.#deactivate(entry, stopped);
    return undefined;
  }

  /** An input has changed: starts and stops what waits for it. */
  onGpi(
    port: number,
    high: boolean,
    started: (spec: RunningSpec) => void,
    stopped: (running: RunningSpec) => void,
    now: number,
  ): void {
    for (const entry of this.#entries.values()) {
      const { ROSpecStartTrigger: start, ROSpecStopTrigger: stop } = entry.spec.ROBoundarySpec;
      const starts =
        start.ROSpecStartTriggerType === START_TRIGGER.GPI && matches(start.GPITriggerValue, port, high);
      const stops =
        stop.ROSpecStopTriggerType === STOP_TRIGGER.GPIWithTimeout &&
        matches(stop.GPITriggerValue, port, high);
      if (entry.state === 'active' && stops) this.#deactivate(entry, stopped);
      else if (entry.state === 'inactive' && starts) this.#activate(entry, started, now);
    }
  }

  /** Stops what has run its time. */
  tick(now: number, stopped: (running: RunningSpec) => void): void {
    for (const entry of this.#entries.values()) {
      if (entry.stopAt !== undefined && now >= entry.stopAt) this.#deactivate(entry, stopped);
    }
  }

  nextTickAt(): number | undefined {
    const times = [...this.#entries.values()].flatMap((entry) => entry.stopAt ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  clear(): void {
    this.#entries.clear();
  }

  #named(id: number): Entry[] {
    if (id === 0) return [...this.#entries.values()];
    const entry = this.#entries.get(id);
    return entry === undefined ? [] : [entry];
  }

  #activate(entry: Entry, started: (spec: RunningSpec) => void, now: number): void {
    const stop = entry.spec.ROBoundarySpec.ROSpecStopTrigger;
    entry.state = 'active';
    const limited = stop.ROSpecStopTriggerType === STOP_TRIGGER.Duration;
    entry.stopAt = limited ? now + stop.DurationTriggerValue : undefined;
    started(entry);
  }

  #deactivate(entry: Entry, stopped: (running: RunningSpec) => void): void {
    if (entry.state !== 'active') return;
    entry.state = 'inactive';
    entry.stopAt = undefined;
    stopped(entry);
  }
}

/** Whether what has gathered makes a report: N tags, where the ROSpec reports by itself at all. */
export function isReportDue(running: RunningSpec): boolean {
  const report = running.spec.ROReportSpec;
  if (report === undefined || report.ROReportTrigger === REPORT_TRIGGER.None || report.N === 0) return false;
  return running.gathered.size >= report.N;
}

function matches(
  trigger: { readonly GPIPortNum: number; readonly GPIEvent: boolean } | undefined,
  port: number,
  high: boolean,
): boolean {
  return trigger !== undefined && trigger.GPIPortNum === port && trigger.GPIEvent === high;
}

function missing(id: number): Refusal {
  return refusal(STATUS.M_FieldError, `ROSpec ${id} does not exist`);
}

function refusal(code: number, text: string): Refusal {
  return { code, text };
}
