/** What every part of the page can reach: the data of the site, who is signed in, the names of places. */
import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import type { LiveMessage } from '../../contract/live.ts';
import type { User } from '../../contract/roles.ts';
import type { LiveState } from './live.ts';
import { Resource, type ResourceState } from './resource.ts';
import type { SiteData, Topic } from './site-data.ts';

interface SiteContext {
  readonly data: SiteData;
  readonly user: User;
}

export const SiteContext = createContext<SiteContext | undefined>(undefined);

export function useSite(): SiteContext {
  const site = useContext(SiteContext);
  if (site === undefined) throw new Error('used outside of the signed-in page');
  return site;
}

export function useResource<T>(resource: Resource<T>): ResourceState<T> {
  return useSyncExternalStore(resource.subscribe, resource.state);
}

export function useLiveState(): LiveState {
  const { data } = useSite();
  return useSyncExternalStore(data.subscribeLive, data.liveState);
}

/** The cloud's time, in whole seconds so that what did not change is not drawn again. */
export function useServerNow(stepMs = 1000): number {
  const { data } = useSite();
  return useSyncExternalStore(data.subscribeTick, () => Math.floor(data.now() / stepMs) * stepMs);
}

interface OnDemand<T> {
  readonly name: string;
  readonly everyMs: number;
  readonly topics: readonly Topic[];
  /** Which messages of these topics make it old; all by default. */
  readonly concerns?: (message: LiveMessage) => boolean;
  readonly load: () => Promise<T>;
}

/**
 * Something fetched while it is shown, and again when the live stream says that it changed. What is wanted is
 * read once: a component that comes to want something else is given another `key`.
 */
export function useOnDemand<T>(wanted: OnDemand<T>): ResourceState<T> {
  const { data } = useSite();
  const [{ resource, topics, concerns }] = useState(() => ({
    ...wanted,
    resource: new Resource<T>({ clock: data.clock, ...wanted }),
  }));
  useEffect(() => {
    resource.refresh();
    return data.watch(topics, (message) => {
      if (message === undefined || concerns === undefined || concerns(message)) resource.refresh();
    });
  }, [data, resource, topics, concerns]);
  return useResource(resource);
}

/** True for `forMs` of local time after `key` has changed; not for the first key. */
export function useJustChanged(key: string | undefined, forMs: number): boolean {
  const { clock } = useSite().data;
  const [seen, setSeen] = useState<{ key: string | undefined; isNew: boolean }>({ key, isNew: false });
  if (seen.key !== key) setSeen({ key, isNew: key !== undefined && seen.key !== undefined });
  const isNew = seen.key === key && seen.isNew;
  useEffect(() => {
    if (!isNew) return;
    const timer = clock.setTimer(forMs, 'no longer new', () => setSeen({ key, isNew: false }));
    return () => timer.cancel();
  }, [clock, forMs, isNew, key]);
  return isNew;
}
