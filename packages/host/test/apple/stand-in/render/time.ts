/** Swift's reference date, 2001-01-01, as Unix time. */
const REFERENCE = 978_307_200;

/** ISO 8601 without fractions of a second. */
export const getIsoTime = (date: string): string => `${new Date(date).toISOString().slice(0, 19)}Z`;

/** Seconds since Swift's reference date, with a fraction, as versions before 1.0 have it. */
export const getReferenceTime = (date: string): number => (Date.parse(date) - REFERENCE * 1000) / 1000;
