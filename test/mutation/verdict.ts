/** What became of one mutation. */
export type Verdict =
  /** Noticed: by the test or the seed named. */
  | { readonly kind: 'caught'; readonly by: string }
  /** Everything stayed green: a test is missing. */
  | { readonly kind: 'survived' }
  /** It could not be made or run, so nothing was learnt. */
  | { readonly kind: 'broken'; readonly why: string }
  /** What it needs is not here. */
  | { readonly kind: 'not run'; readonly why: string };
