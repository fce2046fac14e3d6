declare const brand: unique symbol

/** A nominal type over `T`: values exist only through the constructor that checked them. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }
