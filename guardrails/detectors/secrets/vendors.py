"""Vendors: names that tell, beside a value without a form of its own, that the value is somebody's key."""

# Names of services whose keys are mere hexadecimal or alphanumeric strings, as they stand in variables' names.
_NAMES = """
abstractapi abuseipdb accuweather activecampaign adafruit adobe adyen airbrake airtable aiven algolia alibaba aliyun
alphavantage amadeus amplitude anthropic apify apigee apollo appdynamics appsflyer aqara artifactory asana assemblyai
atlassian authress auth0 autodesk aviationstack avalara aweber azure backblaze bamboohr baseten bigcommerce billomat
binance bitbucket bitfinex bitly bitmex bitrise bitstamp bittrex blockfrost braintree branchio braze brevo
browserstack bugsnag buildkite bunnycdn bybit calendly campaignmonitor censys chargebee chargify checkmarx circleci
clarifai clearbit clickhouse clickup clientary clojars cloudant cloudconvert cloudera cloudflare cloudinary cloudsmith
cloudways cockroachdb codacy codeclimate codecov codeship cohere coinapi coinbase coinmarketcap confluent contentful
convertkit couchbase coveralls crowdin crowdstrike currencylayer customerio dailyco databricks datadog datarobot
deepai deepgram deepl deepseek detectify digicert digitalocean discogs discord disqus docker dockerhub docusign
doppler dotdigital droneci dropbox duffel dwolla dynatrace easypost elasticsearch elevenlabs etherscan etsy eventbrite
everbridge facebook fastly faunadb fibery figma filestack finicity finnhub firebase fireworksai flickr flightaware
flutterwave flyio foursquare frameio freshbooks freshdesk freshservice fullstory geocodio giphy github gitlab gitter
gocardless godaddy googlemaps grafana greynoise groq gumroad hasura helpscout hereapi heroku hetzner honeybadger
honeycomb hootsuite hubspot huggingface hunterio hybridanalysis ibmcloud imgbb imgix imgur infobip infura infracost
instagram intercom intra42 ionos ipapi ipdata ipgeolocation ipinfo ipstack jenkins jfrog jumpcloud klarna klaviyo
kraken kucoin lastfm launchdarkly lemonsqueezy linkedin linode liveblocks locationiq logdna logentries loggly logzio
mailchimp mailerlite mailgun mailjet mailtrap mandrill mapbox mapquest marketo marketstack matomo mattermost maxmind
meilisearch meraki messagebird mixpanel mollie mongodb moosend moralis nasdaq netlify netsuite newrelic newsapi nexmo
ngrok novu nuget nutritionix nvidia nylas nytimes octopus okta omnisend onelogin onesignal onfido openai opencage
opensea openshift openweather openweathermap opsgenie owlbot pagerduty pandadoc papertrail parseur paypal paystack
pendo pexels pinecone pingdom pinterest pipedream pipedrive pixabay plaid planetscale plivo postageapp posthog postman
postmark prefect privateai pubnub pulumi pusher qdrant quandl quickbooks rapidapi raygun razorpay recaptcha resend
revenuecat ringcentral rollbar rubygems runpod salesforce saucelabs scaleway scalingo scraperapi scrapingbee
securitytrails sendbird sendgrid sendinblue sentry serpapi servicenow settlemint shippo shodan shopify sidekiq
signalwire signaturit sinch slack smartsheet smartystreets snowflake snyk sonar sonarqube soundcloud sourcegraph
sparkpost spoonacular spotify squarespace squareup stackhawk statsig storyblok strava stripe stytch sumologic supabase
surveymonkey talkjs teamviewer telegram telnyx tenable terraform textmagic ticketmaster tiingo tinypng tmdb todoist
togetherai tomtom travis travisci trello tripadvisor tumblr twelvedata twilio twitch twitter typeform unsplash uplead
uploadcare upstash uptimerobot vercel vimeo virustotal visualcrossing vonage vultr wakatime walkscore wandb weatherapi
weatherbit weatherstack webex webflow wepay whoisxml wistia workato worldcoinindex wrike xero yandex yelp zapier
zendesk zenrows zenserp zerobounce zipcodeapi zoho zoominfo
"""
# Their names are words, or parts of words, besides: they only count beside a word for keys.
_AMBIGUOUS_NAMES = """
rev heap ghost lob keen duo swell mux fixer copper courier segment knock readme stability persona harness looker
semaphore replicate railway polygon delighted deputy elastic appcues gusto greenhouse cypress prodigy optimizely agora
affirm alchemy alpaca airship beamer axiom recurly notion noticeable statuspage sanity perplexity mistral bigquery
youtube wordpress microsoft jira npm ebay aws zoom
"""
VENDORS = tuple(_NAMES.split())
AMBIGUOUS_VENDORS = tuple(_AMBIGUOUS_NAMES.split())
