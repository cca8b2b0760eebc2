/** What the resolver of a plan without searches has to say of them. */
export const noSearches = { lose: (): void => undefined, decided: (): readonly string[] => [] };
