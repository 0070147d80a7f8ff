/**
 * How much a test does. `npm test` must stay short, so what repeats itself (seeds, rounds, sizes) is done a few times
 * there, and in full with `npm run test:all`. Each kind of test is in both.
 */
const all = process.env.TALLYPORT_TESTS === 'all';

export const effort = <T>(few: T, many: T): T => (all ? many : few);
