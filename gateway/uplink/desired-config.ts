/**
 * The configuration that the cloud wishes for this gateway (protocol/link/desired-config.ts): asked for once a
 * minute, checked, laid down beside the journal, and reported. It is never put in place by itself: a gateway that
 * restarts itself into a wrong file is a gateway nobody reaches any more. Who restarts it with that file sees
 * `applied` here and in the cloud.
 */
import { createHash } from 'node:crypto';
import {
  configShadowSchema,
  desiredConfigSchema,
  type ReportedConfig,
  reportedConfigSchema,
  unpackConfig,
} from '../../protocol/link/desired-config.ts';
import type { Clock, Timer } from '../../protocol/ports/clock.ts';
import type { Random } from '../../protocol/ports/random.ts';

export const ASK_EVERY_MS = 60_000;

export interface DesiredConfigParts {
  readonly clock: Clock;
  readonly random: Random;
  /** The shadow document; undefined while there is none. */
  readonly read: () => Promise<string | undefined>;
  /** Updates the shadow with this document. */
  readonly write: (document: string) => Promise<void>;
  /** SHA-256 of the file that runs, hex; undefined when it is not known. */
  readonly running: string | undefined;
  /** What is wrong with it, for people; none: it could run here. */
  readonly problemsOf: (text: string) => string[];
  /** Lays a sound one down durably and returns where. */
  readonly keep: (text: string) => string;
  readonly onNews?: (reported: ReportedConfig) => void;
}

export interface DesiredConfigStatus {
  /** What was last reported; undefined while nothing is wished for. */
  readonly reported: ReportedConfig | undefined;
  /** Why it could not be asked for or reported the last time. */
  readonly problem: string | undefined;
}

export class DesiredConfigWatch {
  readonly #parts: DesiredConfigParts;
  #timer: Timer | undefined;
  #reported: ReportedConfig | undefined;
  #problem: string | undefined;
  #stopped = false;

  constructor(parts: DesiredConfigParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#askLater(0);
  }

  status(): DesiredConfigStatus {
    return { reported: this.#reported, problem: this.#problem };
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #askLater(waitMs: number): void {
    if (this.#stopped) return;
    this.#timer = this.#parts.clock.setTimer(waitMs, 'desired config', () => {
      void this.#ask().finally(() => {
        // Spread by up to a tenth: many gateways must not ask in step.
        this.#askLater(Math.round(ASK_EVERY_MS * (1 + this.#parts.random.next() / 10)));
      });
    });
  }

  async #ask(): Promise<void> {
    const { clock, read, write } = this.#parts;
    try {
      const text = await clock.track(read());
      const shadow = text === undefined ? undefined : configShadowSchema.parse(JSON.parse(text));
      const desired = shadow?.state.desired?.config;
      const reported = desired === undefined ? undefined : this.#judge(desired);
      if (reported !== undefined && !isSaid(shadow?.state.reported?.config, reported)) {
        await clock.track(write(JSON.stringify({ state: { reported: { config: reported } } })));
      }
      this.#problem = undefined;
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
    }
  }

  /** The same wish gets the same answer; it is looked at once. */
  #judge(wish: unknown): ReportedConfig | undefined {
    const parsed = desiredConfigSchema.safeParse(wish);
    if (!parsed.success) {
      this.#problem = 'the shadow "config" holds no configuration of ours';
      return undefined;
    }
    const { revision, body } = parsed.data;
    if (this.#reported?.revision === revision) return this.#reported;
    this.#reported = { revision, ...this.#look(revision, body), at: this.#parts.clock.now() };
    this.#parts.onNews?.(this.#reported);
    return this.#reported;
  }

  #look(revision: string, body: string): Pick<ReportedConfig, 'outcome' | 'detail'> {
    const { running, problemsOf, keep } = this.#parts;
    if (revision === running) return { outcome: 'applied', detail: 'This is the file that runs.' };
    const unpacked = unpackConfig(body);
    if (!unpacked.ok) return { outcome: 'refused', detail: unpacked.reason };
    const { text } = unpacked;
    if (createHash('sha256').update(text).digest('hex') !== revision) {
      return { outcome: 'refused', detail: 'the text is not the one of this revision' };
    }
    const problems = problemsOf(text);
    if (problems.length > 0) return { outcome: 'refused', detail: problems.join('\n').slice(0, 900) };
    return {
      outcome: 'waiting',
      detail: `It lies in ${keep(text)}: compare, put it in place of the configuration file, and restart the gateway.`,
    };
  }
}

/** What stands in the shadow says the same; when it was said does not matter. */
function isSaid(standing: unknown, reported: ReportedConfig): boolean {
  const parsed = reportedConfigSchema.safeParse(standing);
  if (!parsed.success) return false;
  const { revision, outcome, detail } = parsed.data;
  return revision === reported.revision && outcome === reported.outcome && detail === reported.detail;
}
