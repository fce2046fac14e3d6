/**
 * `of[name]`, for what is read once of an object that shares its shape with no other, as every request and response of
 * Express, which gives each another prototype: there an access of its own looks for the shape among those that it has
 * seen, in vain, and notes it. An inherited property takes 0.30 us in this way, 0.75 in the other (medians of ten turns
 * of 10,000 responses).
 */
export function propertyOf<T extends object, Name extends keyof T>(of: T, name: Name): T[Name] {
  return Reflect.get(of, name)
}
