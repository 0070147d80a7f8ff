/**
 * Makes mutations one at a time in copies of the repository and lets a judge look for each. Before a judge's command
 * is believed about a mutation it must be green without one: once for each distinct command.
 */
import { natsFound } from '../support/engines.ts';
import type { Mutation } from './mutation.ts';
import type { Verdict } from './verdict.ts';
import { Workspace } from './workspace.ts';

/** Looks at the program in `folder`. */
export interface Judge {
  /** Mutations of the same command share one control run. */
  command(mutation: Mutation): string;
  look(folder: string, mutation: Mutation, limitMs: number): Promise<Verdict>;
}

/** For a command without a mutation; with one it has that long, and some more. */
const CONTROL_LIMIT_MS = 300_000;
const SLOWER_BY = 3;
const SLOWER_BY_MS = 20_000;

interface Control {
  readonly verdict: Verdict;
  readonly tookMs: number;
}

export interface MutationOutcome {
  readonly mutation: Mutation;
  readonly verdict: Verdict;
  readonly seconds: number;
}

interface RunPlan {
  readonly repository: string;
  readonly commit: string;
  readonly mutations: readonly Mutation[];
  readonly judge: Judge;
  readonly parallel: number;
  readonly onOutcome: (outcome: MutationOutcome) => void;
}

export async function runMutations(plan: RunPlan): Promise<MutationOutcome[]> {
  const outcomes: MutationOutcome[] = [];
  const queue = [...plan.mutations];
  const controls = new Map<string, Promise<Control>>();
  const worker = async () => {
    using workspace = new Workspace(plan.repository, plan.commit);
    for (let mutation = queue.shift(); mutation !== undefined; mutation = queue.shift()) {
      const begun = performance.now();
      const verdict = await judgeOne(workspace, mutation, plan.judge, controls);
      const outcome = { mutation, verdict, seconds: (performance.now() - begun) / 1000 };
      outcomes.push(outcome);
      plan.onOutcome(outcome);
    }
  };
  await Promise.all(Array.from({ length: plan.parallel }, worker));
  return outcomes;
}

async function judgeOne(
  workspace: Workspace,
  mutation: Mutation,
  judge: Judge,
  controls: Map<string, Promise<Control>>,
): Promise<Verdict> {
  const { needs } = mutation;
  if (needs === 'DATABASE_URL' && (process.env.DATABASE_URL ?? '') === '') {
    return { kind: 'not run', why: 'DATABASE_URL is not set' };
  }
  if (needs === 'nats-server' && !natsFound) return { kind: 'not run', why: 'nats-server is not installed' };
  const command = judge.command(mutation);
  const control = controls.get(command) ?? runControl(workspace, mutation, judge);
  controls.set(command, control);
  const { verdict: unmutated, tookMs } = await control;
  if (unmutated.kind !== 'survived') {
    const why = unmutated.kind === 'caught' ? unmutated.by : unmutated.why;
    return { kind: 'broken', why: `${command} is not green without the mutation: ${why}` };
  }
  try {
    workspace.apply(mutation.edits);
  } catch (error) {
    return { kind: 'broken', why: error instanceof Error ? error.message : String(error) };
  }
  try {
    return await judge.look(workspace.path, mutation, tookMs * SLOWER_BY + SLOWER_BY_MS);
  } finally {
    workspace.restore();
  }
}

async function runControl(workspace: Workspace, mutation: Mutation, judge: Judge): Promise<Control> {
  const begun = performance.now();
  const verdict = await judge.look(workspace.path, mutation, CONTROL_LIMIT_MS);
  workspace.restore();
  return { verdict, tookMs: performance.now() - begun };
}
