/** What the shop sells. Prices are decimals of the ledger's first asset. */
export const CATALOGUE = [
  {
    id: 'lamp',
    name: 'Reading lamp',
    price: '12.50',
    picture: '/pictures/lamp.svg',
    line: 'Warm light where the book is, and nowhere else.',
    text: 'A weighted brass foot, a linen shade, and a switch that you find in the dark. The bulb is an ordinary one, so that you can change it in ten years.',
  },
  {
    id: 'mug',
    name: 'Stoneware mug',
    price: '4.80',
    picture: '/pictures/mug.svg',
    line: 'Holds a proper cup of tea.',
    text: 'Thrown and glazed by hand, so no two are quite alike. Three hundred and fifty millilitres; safe in the dishwasher, and in small hands.',
  },
  {
    id: 'notebook',
    name: 'Pocket notebook',
    price: '3.20',
    picture: '/pictures/notebook.svg',
    line: 'Ninety-six pages for what you would forget.',
    text: 'Sewn, so that it lies flat. Cream paper that takes ink without a shadow on the other side, in a cover that wears in rather than out.',
  },
]
