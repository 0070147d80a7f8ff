/** The two sides of a line that goods cross: away from the site, and towards it. */
export type Side = 'inner' | 'outer';

export const SIDES = ['outer', 'inner'] as const satisfies readonly Side[];
