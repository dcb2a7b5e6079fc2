/** Planets first, then moons, then stars: short, lower-case and easy to say. */
const NAMES = `mercury venus earth mars jupiter saturn uranus neptune pluto
luna phobos deimos io europa ganymede callisto amalthea mimas enceladus tethys dione rhea titan hyperion iapetus phoebe
miranda ariel umbriel titania oberon triton nereid proteus charon
sirius vega rigel altair deneb spica antares pollux castor regulus capella arcturus procyon mira algol`
  .split(/\s+/)
  .filter(Boolean);

/** The first name that is not taken; numbered from the start again once all are: `mercury-2`. */
export function pickName(isTaken: (name: string) => boolean): string {
  for (let round = 1; ; round++) {
    for (const name of NAMES) {
      const candidate = round === 1 ? name : `${name}-${round}`;
      if (!isTaken(candidate)) return candidate;
    }
  }
}
