/** Times on the API: ISO 8601 in UTC. */
import * as z from 'zod';

export const iso = z.iso.datetime();
