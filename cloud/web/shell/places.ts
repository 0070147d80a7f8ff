/** Names of places for people: as the site calls them, or made from their id. */
import type { Room } from '../../contract/rooms.ts';
import type { Status } from '../../contract/status.ts';
import { useResource, useSite } from './context.ts';
import { inWords } from './format.ts';

/** Places outside the walls, and the suspense location for what nobody knows. */
const VIRTUAL: Readonly<Record<string, string>> = {
  supplier: 'Supplier',
  customer: 'Customer',
  adjustment: 'Adjustment',
  unknown: 'Unknown place',
};

export type PlaceName = (location: string | null) => string;

function placeNamer(rooms: readonly Pick<Room, 'location' | 'name'>[], places: Status['places']): PlaceName {
  const names = new Map([
    ...rooms.map(({ location, name }) => [location, name] as const),
    ...(places?.locations ?? []).map(({ id, name }) => [id, name] as const),
  ]);
  return (location) =>
    location === null ? 'Nowhere yet' : (names.get(location) ?? VIRTUAL[location] ?? inWords(location));
}

export function usePlaceName(): PlaceName {
  const { data } = useSite();
  const rooms = useResource(data.rooms).data ?? [];
  return placeNamer(rooms, useResource(data.status).data?.places);
}
