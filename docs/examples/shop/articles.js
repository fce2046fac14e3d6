/** What the shop has to read. The introduction is free; each section costs `price`, a decimal of the ledger's first asset. */
export const ARTICLES = [
  {
    id: 'one-lamp',
    name: 'The room with one lamp',
    price: '0.02',
    picture: '/pictures/article.svg',
    line: 'On light, clay and paper, and on buying less.',
    introduction: [
      'We sell three things. People ask, kindly, when there will be a fourth. This is the long answer: how each of them came to be, what we got wrong, and why the list is short.',
      'You pay for it as you read, a section at a time, and stop where you like.',
    ],
    sections: [
      {
        title: 'Light where the book is',
        paragraphs: [
          'The first lamp was too bright. It lit the whole room, and a room that is lit everywhere asks to be tidied. What we wanted was a circle as wide as two open pages, and dusk behind it.',
          'It took eleven shades of linen. The one that stayed is the cheapest: it is woven a little unevenly, and so the edge of the light is soft.',
        ],
      },
      {
        title: 'What a handle is for',
        paragraphs: [
          'A mug is a handle with something attached. Four fingers, not three; wide enough for winter gloves, and far enough from the wall that tea does not reach the knuckles.',
          'Everything else is a question of weight. When it is full it should feel heavier than you expected, and when it is empty lighter.',
        ],
      },
      {
        title: 'Paper that forgives',
        paragraphs: [
          'Expensive notebooks stay empty. Ours had to be good enough to last and plain enough to be spoiled on the first page, with a list of things to buy.',
          'The cover is the only part that we are vain about. It looks best after a year in a back pocket.',
        ],
      },
      {
        title: 'Mending',
        paragraphs: [
          'A foot of brass, an ordinary bulb, a thread that a cobbler can sew again: each of the three can be repaired by somebody in your street. We keep the drawings, and send them to whoever asks.',
          'In nine years two lamps have come back. One had been a cat’s.',
        ],
      },
      {
        title: 'The fourth thing',
        paragraphs: [
          'There was one, for a month: a candlestick, and a handsome one. It did nothing that the lamp did not do better, so we melted it.',
          'That is the answer. Thank you for reading to the end; it cost you less than the tea that went cold beside it.',
        ],
      },
    ],
  },
]
