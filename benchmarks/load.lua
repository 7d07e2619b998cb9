-- What wrk sends, told by the environment (wrk reads a script before it parses the script's arguments), and the
-- summary in one line of JSON. Without a function `request` wrk sends the same octets again and again.

local mode = os.getenv("LOAD_MODE")
local path = os.getenv("LOAD_PATH")
local files = tonumber(os.getenv("LOAD_FILES"))
local count = 0

wrk.path = path
if os.getenv("LOAD_FIELD") ~= "" then
   wrk.headers[os.getenv("LOAD_FIELD")] = os.getenv("LOAD_VALUE")
end

-- Another query and another cookie each time: nothing that remembers heads or targets has seen this one before.
local function unlike()
   count = count + 1
   wrk.headers["Cookie"] = "visit=" .. count
   return wrk.format(nil, path .. "?visit=" .. count)
end

-- What browsers send with every request.
local function browser()
   wrk.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
   wrk.headers["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
   wrk.headers["Accept-Language"] = "en-GB,en;q=0.8,de;q=0.5"
   wrk.headers["Accept-Encoding"] = "gzip, deflate, br, zstd"
   wrk.headers["Upgrade-Insecure-Requests"] = "1"
   wrk.headers["Sec-Fetch-Dest"] = "document"
   wrk.headers["Sec-Fetch-Mode"] = "navigate"
   wrk.headers["Sec-Fetch-Site"] = "none"
   wrk.headers["Priority"] = "u=0, i"
   return unlike
end

local function next_file()
   count = (count + 1) % files
   return wrk.format(nil, path .. count .. ".bin")
end

local function repeated(make)
   return function()
      local requests = {}
      for n = 1, 16 do requests[n] = make() end
      return table.concat(requests)
   end
end

if mode == "unlike" then
   request = unlike
elseif mode == "browser" then
   request = browser()
elseif mode == "files" then
   request = next_file
elseif mode == "unlike-pipelined" then
   request = repeated(unlike)
elseif mode == "pipelined" then
   local requests
   request = function()
      requests = requests or repeated(wrk.format)()
      return requests
   end
end

function done(summary, latency)
   local e = summary.errors
   local form = '{"requests": %d, "octets": %d, "microseconds": %d, "p50": %d, "p90": %d, "p99": %d, '
      .. '"errors": %d, "above_399": %d}\n'
   io.write("summary ", form:format(summary.requests, summary.bytes, summary.duration, latency:percentile(50),
      latency:percentile(90), latency:percentile(99), e.connect + e.read + e.write + e.timeout, e.status))
end
