(:number is null or right(ltrim(translate(number, ' +-().', ''), '0'), 10)
  = right(ltrim(translate(:number, ' +-().', ''), '0'), 10))
