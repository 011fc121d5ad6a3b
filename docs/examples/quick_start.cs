// Reads LATCHKEY_URL, ACCOUNT_SID and AUTH_TOKEN from the environment. Exit code: 0 done, 1 refused.
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

string Read(string name) => Environment.GetEnvironmentVariable(name) ?? throw new Exception($"{name} is not set");

var pair = Encoding.UTF8.GetBytes($"{Read("ACCOUNT_SID")}:{Read("AUTH_TOKEN")}");
using var client = new HttpClient();
client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(pair));

for (var attempt = 1; ; attempt++)
{
    using var answer = await client.GetAsync(Read("LATCHKEY_URL") + "/api/v1/token");
    using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
    string Text(string name) => body.RootElement.GetProperty(name).GetString() ?? "";
    if (answer.IsSuccessStatusCode)
    {
        var until = string.Join("", answer.Headers.GetValues("latchkey-token-expires"));
        Console.WriteLine($"{Text("account_sid")} {Text("status")} until {until}");
        return 0;
    }
    if ((int)answer.StatusCode is 429 or 503 && attempt < 3)
    {
        await Task.Delay(answer.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(5));
        continue;
    }
    // 401: ask for a new token. 403: the problem's code says what is in the way.
    Console.Error.WriteLine($"{Text("code")} {Text("detail")}");
    return 1;
}
