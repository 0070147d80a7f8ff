/** Who is signed in decides what is shown: the form for a token, or the site. */
import { useCallback, useEffect, useMemo, useState } from 'react';
import * as z from 'zod';
import type { Clock } from '../../protocol/ports/clock.ts';
import type { Problem } from '../contract/problem.ts';
import type { User } from '../contract/roles.ts';
import { mayDo, roleSchema } from '../contract/roles.ts';
import { Dashboard } from './dashboard.tsx';
import { createApiClient, type Fetch, problemOf } from './shell/api-client.ts';
import { SiteContext } from './shell/context.ts';
import type { LiveSource } from './shell/live.ts';
import { SignIn } from './shell/sign-in.tsx';
import { openSiteData, type SiteData } from './shell/site-data.ts';

const userSchema = z.object({ name: z.string(), role: roleSchema });

interface AppProps {
  readonly clock: Clock;
  readonly fetchUrl: Fetch;
  readonly openLive: (url: string) => LiveSource;
  /** From the address. */
  readonly token: string | undefined;
}

type SignInState =
  | { state: 'asking' }
  | { state: 'out'; problem?: Problem | undefined }
  | { state: 'in'; user: User };

export function App({ clock, fetchUrl, openLive, token }: AppProps) {
  const [session, setSession] = useState<SignInState>({ state: 'asking' });
  const api = useMemo(() => createApiClient(fetchUrl, () => setSession({ state: 'out' })), [fetchUrl]);

  const signIn = useCallback(
    async (given: string) => {
      try {
        setSession({ state: 'in', user: await api.post('/session', userSchema, { token: given }) });
      } catch (error) {
        setSession({ state: 'out', problem: problemOf(error) });
      }
    },
    [api],
  );

  useEffect(() => {
    if (token !== undefined) {
      void signIn(token);
      return;
    }
    api.get('/session', userSchema).then(
      (user) => setSession({ state: 'in', user }),
      (error: unknown) => {
        const problem = problemOf(error);
        setSession({ state: 'out', problem: problem.code === 'unauthenticated' ? undefined : problem });
      },
    );
  }, [api, token, signIn]);

  const user = session.state === 'in' ? session.user : undefined;
  const [data, setData] = useState<SiteData>();
  useEffect(() => {
    if (user === undefined) return;
    const opened = openSiteData({
      clock,
      api,
      openLive,
      seesDeadLetters: mayDo(user.role, 'operator'),
    });
    setData(opened);
    return () => {
      opened.close();
      setData(undefined);
    };
  }, [clock, api, openLive, user]);

  const signOut = useCallback(async () => {
    await api.delete('/session').catch(problemOf);
    setSession({ state: 'out' });
  }, [api]);

  if (session.state === 'out') return <SignIn problem={session.problem} onToken={signIn} />;
  if (user === undefined || data === undefined) {
    return (
      <p className="opening" role="status">
        Opening the site…
      </p>
    );
  }
  return (
    <SiteContext value={{ data, user }}>
      <Dashboard onSignOut={signOut} />
    </SiteContext>
  );
}
