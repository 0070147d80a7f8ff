/** For every test file: TALLYPORT_PROPERTY_RUNS is how many runs a property takes that does not say it itself. */
import * as fc from 'fast-check';

const runs = process.env.TALLYPORT_PROPERTY_RUNS;
if (runs !== undefined) fc.configureGlobal({ numRuns: Number(runs) });
