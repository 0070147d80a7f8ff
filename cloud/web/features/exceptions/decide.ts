/** What people decide on the page: sent, the problem kept when it was refused, the lists fetched anew. */
import { useState } from 'react';
import * as z from 'zod';
import { exceptionSchema } from '../../../contract/exceptions.ts';
import type { Problem } from '../../../contract/problem.ts';
import { mayDo, type Role } from '../../../contract/roles.ts';
import { problemOf } from '../../shell/api-client.ts';
import { useSite } from '../../shell/context.ts';

export interface Deciding {
  readonly busy: boolean;
  readonly problem: Problem | undefined;
  /** True when it was taken. */
  acknowledge(comment: string): Promise<boolean>;
  resolve(reason: string): Promise<boolean>;
  /** All active holds of the exception, or those on the given objects. */
  release(reason: string, epcs?: readonly string[]): Promise<boolean>;
}

export function useDeciding(exceptionId: string): Deciding {
  const { data } = useSite();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const path = `/exceptions/${encodeURIComponent(exceptionId)}`;

  async function decide(send: () => Promise<unknown>): Promise<boolean> {
    setBusy(true);
    setProblem(undefined);
    try {
      await send();
      return true;
    } catch (error) {
      setProblem(problemOf(error));
      return false;
    } finally {
      setBusy(false);
      for (const part of [data.exceptions, data.holds, data.rooms, data.stock]) part.refresh();
    }
  }

  return {
    busy,
    problem,
    acknowledge: (reason) => decide(() => data.api.post(`${path}/acknowledge`, exceptionSchema, { reason })),
    resolve: (reason) => decide(() => data.api.post(`${path}/resolve`, exceptionSchema, { reason })),
    release: (reason, epcs) =>
      decide(() =>
        data.api.post('/holds/release', z.object({ released: z.int() }), {
          exceptionId,
          reason,
          ...(epcs && { epcs }),
        }),
      ),
  };
}

/** Whether the user may, and the words for the button that may not be pressed. */
export function useMay(role: Role): { allowed: boolean; why: string | undefined } {
  const { user } = useSite();
  const allowed = mayDo(user.role, role);
  return { allowed, why: allowed ? undefined : `Needs the role ${role}; you are ${user.role}` };
}
