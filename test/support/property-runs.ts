/** How often a property of the drivers is tried: TALLYPORT_PROPERTY_RUNS for all, else the number given. */
export function propertyRuns(usual: number): number {
  const wanted = Number(process.env.TALLYPORT_PROPERTY_RUNS ?? usual);
  if (!Number.isSafeInteger(wanted) || wanted < 1)
    throw new Error('TALLYPORT_PROPERTY_RUNS: expected a count');
  return wanted;
}
